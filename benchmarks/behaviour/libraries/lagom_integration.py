"""lagom's own integration with FastAPI."""

import inspect
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from lagom import Container, Singleton, context_dependency_definition, dependency_definition
from lagom.integrations.fast_api import FastApiIntegration

from benchmarks.behaviour.answers import Application
from benchmarks.behaviour.libraries.fastapi_depends import parts_of_make
from benchmarks.behaviour.routes import Role, Route, defaulted, make_app, marked_routes, parts_of
from benchmarks.behaviour.workload import Journal, Registration, Resolver


class Lagom:
    """`FastApiIntegration`."""

    title = "lagom"
    package = "lagom"
    setup = (
        "`FastApiIntegration(container, request_context_singletons=[Session])`; its request objects are synchronous "
        "context managers, so the session's generator is a synchronous one."
    )
    remarks: Mapping[str, str] = {
        "http_exception": "Its `ContextContainer` closes its exit stack without the exception.",
        "single_flight": "A route's dependency is resolved in a worker thread, where there is no event loop.",
        "cycle": "Singletons wait for each other's lock.",
        "cancelled_request": "Its context managers are synchronous.",
    }
    by_hand: Mapping[str, str] = {}

    def build(self, graph: Sequence[Registration], routes: Sequence[Route]) -> Application:
        """Return the application."""
        container = Container()
        awaited = {each.key for each in graph if inspect.iscoroutinefunction(each.make)}
        context_types = []
        for each in graph:
            if each.key is Resolver:
                container[Resolver] = lambda c: Resolver(_resolve(c))
            elif each.key in awaited:
                dependency_definition(container, singleton=True)(each.make)
            elif each.sync_make is not None and each.lifetime == "scoped":
                context_dependency_definition(container)(_generator(each))
                context_types.append(each.key)
            elif each.sync_make is not None:
                dependency_definition(container, singleton=True)(_generator(each))
            elif each.lifetime == "singleton":
                container[each.key] = Singleton(each.key)
        deps = FastApiIntegration(container, request_context_singletons=context_types)
        app = make_app()

        def marker(part: type) -> Any:
            return deps.depends(typing.Awaitable[part] if part in awaited else part)  # type: ignore[valid-type]  # a value

        def mark(function: Callable[..., Any], role: Role) -> Callable[..., Any]:
            marked = defaulted(function, marker)
            return _awaiting(marked) if awaited & set(parts_of(function).values()) else marked

        marked_routes(app, list(routes), mark)

        @asynccontextmanager
        async def override(key: type, fake: Any) -> AsyncIterator[FastAPI]:
            with deps.override_for_test() as test_container:
                test_container[key] = fake
                yield app

        return Application(app, override)

    def committing_session(self, journal: Journal, commit: Callable[[], Awaitable[None]]) -> Callable[..., Any] | None:
        """Commit after the `yield`."""
        return None


def _generator(each: Registration) -> Callable[..., Any]:
    """Return the provider as lagom wants it: a generator function that takes the container."""
    make = each.sync_make
    assert make is not None

    def generate(c: Container) -> Iterator[Any]:
        yield from make(**{name: c[part] for name, part in parts_of_make(make).items()})

    generate.__annotations__["return"] = Iterator[each.key]  # type: ignore[name-defined]  # a value
    return generate


def _resolve(container: Any) -> Callable[[type], Awaitable[Any]]:
    async def resolve(key: type) -> Any:
        return container.resolve(key)

    return resolve


def _awaiting(function: Callable[..., Any]) -> Callable[..., Any]:
    async def route(**given: Any) -> Any:
        return await function(**{name: await value for name, value in given.items()})

    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty, kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(function).parameters.values()
    ]
    route.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by FastAPI
    return route
