"""What the installed FastAPI can do: the matrix runs these tests on releases that lack some of it."""

from importlib.util import find_spec

import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import NoMatchFound


def _serves_routes_added_to_an_included_router() -> bool:
    app, router = FastAPI(), APIRouter()
    app.include_router(router)
    router.add_api_route("/late", lambda: None, name="late")
    try:
        app.url_path_for("late")
    except NoMatchFound:
        return False
    return True


LIVE_ROUTERS = _serves_routes_added_to_an_included_router()
GENERATOR_ROUTES = find_spec("fastapi.sse") is not None

needs_live_routers = pytest.mark.skipif(
    not LIVE_ROUTERS, reason="this FastAPI copies a router's routes when it is included; later ones are not served"
)
needs_generator_routes = pytest.mark.skipif(
    not GENERATOR_ROUTES, reason="this FastAPI has no endpoints that are generators"
)
