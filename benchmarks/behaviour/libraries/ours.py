"""This layer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI

from benchmarks.behaviour.answers import Application
from benchmarks.behaviour.routes import Role, Route, annotated, make_app, marked_routes
from benchmarks.behaviour.workload import Journal, Registration, Resolver, Session
from di import Container, Scope
from middleware import Deps


class Ours:
    """`Container` and `Deps`, as in the README."""

    title = "di"
    package = ""
    setup = "`deps.install(app, container)`; `deps.depends(T)` in routes."
    remarks: Mapping[str, str] = {}
    by_hand: Mapping[str, str] = {}

    def build(self, graph: Sequence[Registration], routes: Sequence[Route]) -> Application:
        """Return the application."""
        container = Container()
        for each in graph:
            if each.key is Resolver:
                container.scoped(Resolver, _resolver)
            elif each.lifetime == "singleton":
                container.singleton(each.key, each.make, eager=not each.lazy)
            else:
                container.scoped(each.key, each.make)
        app, deps = make_app(), Deps()

        def mark(function: Callable[..., Any], role: Role) -> Callable[..., Any]:
            return annotated(function, lambda part: Annotated[part, deps.depends(part)])

        marked_routes(app, list(routes), mark)
        deps.install(app, container)

        @asynccontextmanager
        async def override(key: type, fake: Any) -> AsyncIterator[FastAPI]:
            async with container.override(key, fake):
                yield app

        return Application(app, override)

    def committing_session(self, journal: Journal, commit: Callable[[], Awaitable[None]]) -> Callable[..., Any] | None:
        """Commit by `scope.on_success`."""

        async def open_session(scope: Scope) -> AsyncIterator[Session]:
            session = journal.open_session()
            scope.on_success(commit)
            yield session
            journal.close_session(session)

        return open_session


def _resolver(scope: Scope) -> Resolver:
    return Resolver(scope.resolve)
