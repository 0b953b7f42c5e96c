"""dependency-injector with wiring."""

import inspect
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from dependency_injector import containers, providers
from dependency_injector.wiring import Closing, Provide, inject
from fastapi import Depends, FastAPI

from benchmarks.behaviour.answers import Application
from benchmarks.behaviour.libraries.fastapi_depends import parts_of_make
from benchmarks.behaviour.routes import Role, Route, defaulted, make_app, marked_routes
from benchmarks.behaviour.workload import CannotBeWritten, Journal, Registration, Resolver


class DependencyInjector:
    """A declarative container, `@inject` and `Closing`."""

    title = "dependency-injector"
    package = "dependency-injector"
    setup = (
        "`Resource` for what has a teardown, `Singleton` and `Factory` for the rest; `@inject` with "
        '`Depends(Closing[Provide[...]])` for what belongs to a request, its "per-function execution scope"; '
        "`await container.shutdown_resources()` in the lifespan; overrides with `container.reset_singletons()`."
    )
    remarks: Mapping[str, str] = {
        "own_object": "A `Resource` is one per container until it is shut down, and `Closing` shuts it down for all.",
        "http_exception": "`Closing` shuts a resource down without the exception.",
        "handled_exception": "See above.",
        "open_while_streaming": "`Closing` ends with the route function.",
        "open_in_background": "See above.",
        "concurrent_overrides": "An override is set on the container's provider, which all share.",
    }
    by_hand: Mapping[str, str] = {}

    def build(self, graph: Sequence[Registration], routes: Sequence[Route]) -> Application:
        """Return the application."""
        container: Any = None

        async def resolve(key: type) -> Any:
            found = getattr(container, key.__name__.lower())()
            return await found if inspect.isawaitable(found) else found

        made = _providers(graph, resolve)
        attributes = {key.__name__.lower(): provider for key, provider in made.items()}
        wiring: Any = type("Wiring", (containers.DeclarativeContainer,), attributes)
        container = wiring()
        scoped = {each.key for each in graph if each.lifetime == "scoped"}

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            yield
            closing = container.shutdown_resources()
            if inspect.isawaitable(closing):
                await closing

        app = make_app(lifespan=lifespan)
        module = types.ModuleType("benchmarks.behaviour.wired_routes")

        def marker(part: type) -> Any:
            _known(made, part)
            provide = Provide[getattr(wiring, part.__name__.lower())]
            return Depends(Closing[provide] if part in scoped else provide)

        def mark(function: Callable[..., Any], role: Role) -> Callable[..., Any]:
            marked = defaulted(function, marker)
            if role == "dependency":
                return marked
            injected: Callable[..., Any] = inject(marked)
            setattr(module, f"{function.__name__}{len(vars(module))}", injected)
            return injected

        marked_routes(app, list(routes), mark)
        container.wire(modules=[module])

        @asynccontextmanager
        async def override(key: type, fake: Any) -> AsyncIterator[FastAPI]:
            provider = getattr(container, key.__name__.lower())
            with provider.override(providers.Object(fake)), container.reset_singletons():
                yield app

        return Application(app, override)

    def committing_session(self, journal: Journal, commit: Callable[[], Awaitable[None]]) -> Callable[..., Any] | None:
        """Commit after the `yield`."""
        return None


def _providers(graph: Sequence[Registration], resolve: Callable[[type], Awaitable[Any]]) -> dict[type, Any]:
    made: dict[type, Any] = {}
    for each in graph:
        if each.key is Resolver:
            made[Resolver] = providers.Factory(Resolver, resolve)
        else:
            needs = {name: _known(made, part) for name, part in parts_of_make(each.make).items()}
            made[each.key] = _kind(each)(each.make, **needs)
    return made


def _known(made: Mapping[type, Any], part: type) -> Any:
    if part not in made:
        raise CannotBeWritten(
            "providers name each other as attributes of a class: what nobody wrote, or a circle, is a `NameError` at "
            "import"
        )
    return made[part]


def _kind(each: Registration) -> Any:
    if inspect.isasyncgenfunction(each.make) or inspect.iscoroutinefunction(each.make):
        return providers.Resource
    return providers.Singleton if each.lifetime == "singleton" else providers.Factory
