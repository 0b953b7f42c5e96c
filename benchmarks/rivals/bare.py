"""The reference: a route that needs nothing."""

from fastapi import FastAPI


def build() -> FastAPI:
    """Return the application."""
    app = FastAPI()

    @app.get("/")
    async def index() -> str:
        return "ok"

    return app
