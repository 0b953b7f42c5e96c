"""svcs with its FastAPI integration."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import svcs
from fastapi import FastAPI

from benchmarks.behaviour.answers import Application
from benchmarks.behaviour.libraries.fastapi_depends import parts_of_make
from benchmarks.behaviour.routes import Role, Route, make_app, marked_routes, parts_of
from benchmarks.behaviour.workload import CannotBeWritten, Journal, Registration, Resolver


class Svcs:
    """`svcs.fastapi.lifespan` and `DepContainer`."""

    title = "svcs"
    package = "svcs"
    setup = (
        "`@svcs.fastapi.lifespan`, values for singletons, factories with `suppress_context_exit=False` for the rest, "
        "`DepContainer` in routes. It is a service locator by intention: routes and factories ask the "
        "container."
    )
    remarks: Mapping[str, str] = {
        "closing": "svcs logs errors of clean-ups and goes on, on purpose.",
    }
    by_hand: Mapping[str, str] = {}

    def build(self, graph: Sequence[Registration], routes: Sequence[Route]) -> Application:
        """Return the application."""
        if any(each.lazy for each in graph):
            raise CannotBeWritten("singletons are values that the lifespan registers, before the first request")
        asynchronous = any(inspect.isasyncgenfunction(each.make) for each in graph)
        built: set[type] = set()
        for each in graph:
            if each.lifetime == "singleton":
                if not built.issuperset(parts_of_make(each.make).values()):
                    raise CannotBeWritten("the lifespan builds singletons by hand, from those before and no request")
                built.add(each.key)

        async def lifespan(app: FastAPI, registry: svcs.Registry) -> AsyncIterator[dict[str, object]]:
            values: dict[type, Any] = {}
            for each in graph:
                if each.lifetime == "singleton":
                    await _register_value(each, registry, values)
                else:
                    registry.register_factory(
                        each.key, _factory(each, asynchronous=asynchronous), suppress_context_exit=False
                    )
            yield {}

        app = make_app(lifespan=svcs.fastapi.lifespan(lifespan))
        marked_routes(app, list(routes), _mark)

        @asynccontextmanager
        async def override(key: type, fake: Any) -> AsyncIterator[FastAPI]:
            registry = svcs.fastapi.get_registry(app)
            real = await svcs.Container(registry).aget(key)
            registry.register_value(key, fake)
            yield app
            registry.register_value(key, real)

        return Application(app, override)

    def committing_session(self, journal: Journal, commit: Callable[[], Awaitable[None]]) -> Callable[..., Any] | None:
        """Commit after the `yield`."""
        return None


async def _register_value(each: Registration, registry: svcs.Registry, values: dict[type, Any]) -> None:
    needs = {name: values[part] for name, part in parts_of_make(each.make).items()}
    if inspect.isasyncgenfunction(each.make):
        manager = asynccontextmanager(each.make)(**needs)
        values[each.key] = await manager.__aenter__()

        async def close() -> None:
            await manager.__aexit__(None, None, None)

        registry.register_value(each.key, values[each.key], on_registry_close=close)
    elif inspect.isgeneratorfunction(each.make):
        values[each.key] = contextmanager(each.make)(**needs).__enter__()
        registry.register_value(each.key, values[each.key])
    else:
        values[each.key] = each.make(**needs)
        registry.register_value(each.key, values[each.key])


def _factory(each: Registration, *, asynchronous: bool) -> Callable[..., Any]:
    if each.key is Resolver:

        async def resolver(svcs_container: svcs.Container) -> Resolver:
            return Resolver(svcs_container.aget)

        return resolver
    make, needs = each.make, parts_of_make(each.make)
    if inspect.isasyncgenfunction(make):

        @asynccontextmanager
        async def generate(svcs_container: svcs.Container) -> AsyncIterator[Any]:
            async with asynccontextmanager(make)(
                **{name: await svcs_container.aget(part) for name, part in needs.items()}
            ) as value:
                yield value

        return generate
    if inspect.isgeneratorfunction(make):

        @contextmanager
        def generate_now(svcs_container: svcs.Container) -> Iterator[Any]:
            with contextmanager(make)(**{name: svcs_container.get(part) for name, part in needs.items()}) as value:
                yield value

        return generate_now
    if asynchronous:
        return _asynchronously(make, needs)

    def construct_now(svcs_container: svcs.Container) -> Any:
        return make(**{name: svcs_container.get(part) for name, part in needs.items()})

    return construct_now


def _asynchronously(make: Callable[..., Any], needs: Mapping[str, type]) -> Callable[..., Any]:
    async def construct(svcs_container: svcs.Container) -> Any:
        return make(**{name: await svcs_container.aget(part) for name, part in needs.items()})

    return construct


def _mark(function: Callable[..., Any], role: Role) -> Callable[..., Any]:
    """Return the route as it is written with svcs: it takes the container and asks it."""
    needs = parts_of(function)
    if not needs:
        return function

    def ask_now(services: svcs.fastapi.DepContainer, **given: Any) -> Any:
        return function(**given, **{name: services.get(part) for name, part in needs.items()})

    async def ask(services: svcs.fastapi.DepContainer, **given: Any) -> Any:
        return await function(**given, **{name: await services.aget(part) for name, part in needs.items()})

    route: Callable[..., Any] = ask if inspect.iscoroutinefunction(function) else ask_now
    taken = inspect.signature(route).parameters["services"].replace(kind=inspect.Parameter.KEYWORD_ONLY)
    others = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in needs
    ]
    route.__signature__ = inspect.Signature([taken, *others])  # type: ignore[attr-defined]  # read by FastAPI
    route.__name__ = function.__name__
    return route
