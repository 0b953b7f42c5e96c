from fastapi import FastAPI

from feed.routers.posts import create_router


def make_app():
    application = FastAPI()
    application.include_router(create_router())
    return application
