"""aioinject with its FastAPI integration."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aioinject import Container, Context, FromContext, Injected, Object, Scope, Scoped, Singleton
from aioinject.ext.fastapi import AioInjectMiddleware, inject
from aioinject.testing import TestContainer
from aioinject.validation.rules import DEFAULT_RULES
from aioinject.validation.validate import validate_or_err
from fastapi import FastAPI

from benchmarks.behaviour.answers import Application
from benchmarks.behaviour.routes import Role, Route, annotated, make_app, marked_routes
from benchmarks.behaviour.workload import Journal, Registration, Resolver


class Aioinject:
    """`AioInjectMiddleware` and `@inject`."""

    title = "aioinject"
    package = "aioinject"
    setup = (
        "`AioInjectMiddleware`, `@inject`, `async with container` in the lifespan, `validate_or_err` with the default "
        "rules, `TestContainer` for overrides."
    )
    remarks: Mapping[str, str] = {
        "http_exception": "Its middleware is around FastAPI's exception handling and never sees the exception.",
        "handled_exception": "See above.",
        "concurrent_overrides": "An override is set in the container's registry, which all share.",
    }
    by_hand: Mapping[str, str] = {}

    def build(self, graph: Sequence[Registration], routes: Sequence[Route]) -> Application:
        """Return the application."""
        container = Container()
        for each in graph:
            kind = Singleton if each.lifetime == "singleton" else Scoped
            container.register(kind(_factory(each), each.key))
        if any(each.key is Resolver for each in graph):
            container.register(FromContext(Context, scope=Scope.request))
        validate_or_err(container, DEFAULT_RULES)

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            async with container:
                yield

        app = make_app(lifespan=lifespan)
        app.add_middleware(AioInjectMiddleware, container=container)
        marked_routes(app, list(routes), _mark)

        @asynccontextmanager
        async def override(key: type, fake: Any) -> AsyncIterator[FastAPI]:
            with TestContainer(container).override(Object(fake, key)):
                yield app

        return Application(app, override)

    def committing_session(self, journal: Journal, commit: Callable[[], Awaitable[None]]) -> Callable[..., Any] | None:
        """Commit after the `yield`."""
        return None


def _factory(each: Registration) -> Any:
    if each.key is Resolver:
        return _resolver
    if inspect.isasyncgenfunction(each.make):
        return asynccontextmanager(each.make)
    return contextmanager(each.make) if inspect.isgeneratorfunction(each.make) else each.make


def _resolver(context: Context) -> Resolver:
    return Resolver(context.resolve)


def _mark(function: Callable[..., Any], role: Role) -> Callable[..., Any]:
    marked = annotated(function, lambda part: Injected[part])
    return marked if role == "dependency" else inject(marked)
