"""that-depends with its middleware."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from that_depends import BaseContainer, ContextScopes, providers
from that_depends.providers import DIContextMiddleware

from benchmarks.behaviour.answers import Application
from benchmarks.behaviour.libraries.fastapi_depends import parts_of_make
from benchmarks.behaviour.routes import Role, Route, defaulted, make_app, marked_routes
from benchmarks.behaviour.workload import CannotBeWritten, Journal, Registration, Resolver


class ThatDepends:
    """A container class, `DIContextMiddleware` and `Depends(Container.provider)`."""

    title = "that-depends"
    package = "that-depends"
    setup = (
        "`ContextResource` of `ContextScopes.REQUEST` for the session, `Factory` for services, `Resource` and "
        "`Singleton` for singletons; `DIContextMiddleware(scope=ContextScopes.REQUEST)`; "
        "`Depends(Container.provider)` in routes; `Container.tear_down()` in the lifespan; overrides with "
        "`tear_down_children=True`."
    )
    remarks: Mapping[str, str] = {
        "http_exception": "Its middleware is around FastAPI's exception handling and never sees the exception.",
        "handled_exception": "See above.",
        "concurrent_overrides": "An override is set on the provider, which all share.",
    }
    by_hand: Mapping[str, str] = {}

    def build(self, graph: Sequence[Registration], routes: Sequence[Route]) -> Application:
        """Return the application."""
        made: dict[type, Any] = {}

        def provider_of(part: type) -> Any:
            if part not in made:
                raise CannotBeWritten(
                    "providers name each other as attributes of a class: what nobody wrote, or a circle, is a "
                    "`NameError` at import"
                )
            return made[part]

        for each in graph:
            needs = {name: provider_of(part) for name, part in parts_of_make(each.make).items()}
            made[each.key] = _provider(each, needs, provider_of)
        attributes = {key.__name__.lower(): provider for key, provider in made.items()}
        container: Any = type("Wiring", (BaseContainer,), {"default_scope": ContextScopes.REQUEST, **attributes})

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            yield
            await container.tear_down()

        app = make_app(lifespan=lifespan)
        app.add_middleware(DIContextMiddleware, scope=ContextScopes.REQUEST)

        def mark(function: Callable[..., Any], role: Role) -> Callable[..., Any]:
            return defaulted(function, lambda part: Depends(provider_of(part)))

        marked_routes(app, list(routes), mark)

        @asynccontextmanager
        async def override(key: type, fake: Any) -> AsyncIterator[FastAPI]:
            await made[key].override(fake, tear_down_children=True)
            try:
                yield app
            finally:
                await made[key].reset_override(tear_down_children=True)

        return Application(app, override)

    def committing_session(self, journal: Journal, commit: Callable[[], Awaitable[None]]) -> Callable[..., Any] | None:
        """Commit after the `yield`."""
        return None


def _provider(each: Registration, needs: Mapping[str, Any], provider_of: Callable[[type], Any]) -> Any:
    if each.key is Resolver:
        return providers.Factory(lambda: Resolver(lambda key: provider_of(key).resolve()))
    if inspect.isasyncgenfunction(each.make):
        kind = providers.Resource if each.lifetime == "singleton" else providers.ContextResource
    elif inspect.iscoroutinefunction(each.make):
        kind = providers.AsyncSingleton
    else:
        kind = providers.Singleton if each.lifetime == "singleton" else providers.Factory
    return kind(each.make, **needs)
