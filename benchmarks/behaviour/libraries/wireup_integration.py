"""wireup with its FastAPI integration, in both of its modes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import wireup
import wireup.integration.fastapi
from fastapi import APIRouter, FastAPI
from wireup import Injected, injectable
from wireup.integration.fastapi import WireupRoute
from wireup.ioc.container.async_container import ScopedAsyncContainer

from benchmarks.behaviour.answers import Application
from benchmarks.behaviour.routes import Role, Route, annotated, make_app, marked_routes
from benchmarks.behaviour.workload import Journal, Registration, Resolver


class PerHandler:
    """The default: a scope around the route function."""

    title = "wireup"
    package = "wireup"
    middleware_mode = False
    setup = (
        "`create_async_container(..., concurrent_scoped_access=True)`, `WireupRoute`, `setup(container, app)` after "
        "the routes."
    )
    remarks: Mapping[str, str] = {
        "unserialisable_response": "The scope is around the route function, which has returned by then.",
        "open_while_streaming": "See above.",
        "open_in_background": "See above; its `WireupTask` gives a task a scope of its own instead.",
        "depends_function": "Needs `middleware_mode=True`.",
        "reaches_built": "Its documentation applies overrides before the application starts.",
        "fake_is_gone": "See above.",
    }
    by_hand: Mapping[str, str] = {}

    def build(self, graph: Sequence[Registration], routes: Sequence[Route]) -> Application:
        """Return the application."""
        container = wireup.create_async_container(
            injectables=[
                injectable(lifetime=each.lifetime)(_resolver if each.key is Resolver else each.make) for each in graph
            ],
            concurrent_scoped_access=True,
        )
        app = make_app()
        router = APIRouter(route_class=WireupRoute)
        marked_routes(router, list(routes), _mark)
        app.include_router(router)
        wireup.integration.fastapi.setup(container, app, middleware_mode=self.middleware_mode)

        @asynccontextmanager
        async def override(key: type, fake: Any) -> AsyncIterator[FastAPI]:
            with container.override.injectable(key, new=fake):
                yield app

        return Application(app, override)

    def committing_session(self, journal: Journal, commit: Callable[[], Awaitable[None]]) -> Callable[..., Any] | None:
        """Commit after the `yield`."""
        return None


class PerRequest(PerHandler):
    """A scope around the whole request, opened in middleware."""

    title = "wireup (middleware_mode)"
    middleware_mode = True
    setup = "As before, with `setup(container, app, middleware_mode=True)`."
    remarks: Mapping[str, str] = {
        "http_exception": "The middleware is around FastAPI's exception handling and never sees the exception.",
        "handled_exception": "See above.",
        "reaches_built": "Its documentation applies overrides before the application starts.",
        "fake_is_gone": "See above.",
    }


def _resolver(container: ScopedAsyncContainer) -> Resolver:
    return Resolver(container.get)


def _mark(function: Callable[..., Any], role: Role) -> Callable[..., Any]:
    marked = annotated(function, lambda part: Injected[part])
    # Routes need no decorator, other functions of a request do.
    return wireup.integration.fastapi.inject(marked) if role == "decorated dependency" else marked
