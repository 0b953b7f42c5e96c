from fastapi import FastAPI

from clinic.api import appointments


def create_app() -> FastAPI:
    app = FastAPI(title="Clinic")
    app.include_router(appointments.router, prefix="/api")
    return app


app = create_app()
