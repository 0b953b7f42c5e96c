"""The fast path: FastAPI's routes, prepared to build their services by a compiled plan.

Everything here that FastAPI does not document is in this module. A route that cannot be prepared still works, through
plain `Depends`.
"""

import dataclasses
import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, cast

import fastapi.routing
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant, _is_coroutine_callable
from fastapi.dependencies.utils import get_dependant
from fastapi.routing import APIRoute, APIRouter, APIWebSocketRoute, request_response
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from di import Container
from di._compiler import InjectedCall
from di._keys import Key, describe, source_of
from di.errors import ContainerClosedError, DiError
from middleware._asgi import RequestScopeMiddleware
from middleware._connections import connection_of
from middleware._markers import markers_below, service_provider_of
from middleware._outcome import GuardedResponse, OutcomeWatch, watch

Handler = Callable[[Request], Awaitable[Response]]


@dataclasses.dataclass(frozen=True, slots=True)
class InjectedRoute:
    """A route as it is served: `holder` carries its dependant and its ASGI app."""

    original: Any
    holder: Any
    effective: bool

    @property
    def dependant(self) -> Dependant:
        """FastAPI's description of the endpoint's parameters."""
        dependant: Dependant = self.holder.dependant
        return dependant

    def __str__(self) -> str:
        methods = ",".join(sorted(getattr(self.holder, "methods", None) or ())) or "WEBSOCKET"
        return f"{methods} {self.holder.path}"


def applications_of(app: Starlette) -> Iterator[Starlette]:
    """Yield an application and those mounted below it, except those that were installed with a container themselves."""
    waiting, seen = [app], {app}
    while waiting:
        current = waiting.pop()
        yield current
        for context in _contexts(current):
            mounted = getattr(context.original_route, "_base_app", None)
            if isinstance(mounted, Starlette) and mounted not in seen and not _is_installed(mounted):
                seen.add(mounted)
                waiting.append(mounted)


def _is_installed(app: Starlette) -> bool:
    return any(cast(Any, middleware.cls) is RequestScopeMiddleware for middleware in app.user_middleware)


def _contexts(app: Starlette) -> Iterable[Any]:
    """Yield FastAPI's view of every route of an application as it is served, however deep it was included."""
    return fastapi.routing.iter_route_contexts(app.router.routes)


def injected_routes(app: Starlette) -> Iterator[InjectedRoute]:
    """Yield every HTTP and WebSocket route of an application and of those mounted below it."""
    for each in applications_of(app):
        for context in _contexts(each):
            original = context.original_route
            if isinstance(original, APIRoute | APIWebSocketRoute):
                holder = context._effective_route
                effective = isinstance(original, APIRoute) and holder is not original
                yield InjectedRoute(original, holder, effective)


def roots_of(app: FastAPI, deps: object) -> dict[str, Key]:
    """Return every type that a route or a dependency function of an application asks for, by who asks."""
    roots: dict[str, Key] = {}
    for route in injected_routes(app):
        for provider, path in markers_below(route.dependant):
            if provider.deps is deps:
                asking = "".join(f" > {source_of(each.call)}" for each in path)
                roots[f"{route}{asking} ({describe(provider.key)})"] = provider.key
    return roots


class Preparation:
    """Keeps the routes of an application prepared: from the start, and again whenever routes were added."""

    def __init__(
        self, app: FastAPI, container: Container, deps: object, hidden: Mapping[Key, Callable[..., Any]]
    ) -> None:
        self._app = app
        self._container = container
        self._deps = deps
        self._hidden = hidden
        self._routers: list[Any] = []
        self._version = -1

    def refresh(self) -> None:
        """Prepare what is new; nearly free when nothing is."""
        version = sum(router._routes_version for router in self._routers)
        if version == self._version:
            return
        for app in applications_of(self._app):
            if not isinstance(app.router.middleware_stack, OutcomeWatch):
                app.router.middleware_stack = OutcomeWatch(app.router.middleware_stack)
        for route in injected_routes(self._app):
            needed = _hidden_for(route.dependant, self._container, self._deps, self._hidden)
            for seed in reversed(needed.values()):
                route.dependant.dependencies.insert(0, get_dependant(path=route.holder.path_format, call=seed))
            if isinstance(route.original, APIRoute) and not getattr(route.holder, "_di_prepared", False):
                route.holder._di_prepared = True
                _prepare_http(route, self._container, self._deps, frozenset(needed))
        self._routers = list(_routers_of(self._app))
        self._version = sum(router._routes_version for router in self._routers)


def _routers_of(app: FastAPI) -> Iterator[APIRouter]:
    """Yield every router that routes may be added to."""
    waiting: list[Any] = [each.router for each in applications_of(app)]
    seen = set()
    while waiting:
        router = waiting.pop()
        if isinstance(router, APIRouter) and id(router) not in seen:  # a router has no hash
            seen.add(id(router))
            yield router
            waiting += [getattr(route, "original_router", None) for route in router.routes]


def _hidden_for(
    dependant: Dependant, container: Container, deps: Any, hidden: Mapping[Key, Callable[..., Any]]
) -> dict[Key, Callable[..., Any]]:
    """Return the `from_depends` values that the services of a route reach and that nobody put there yet."""
    if not hidden:
        return {}
    present = {below.call for below in dependant.dependencies}
    reached: set[Key] = set()
    for provider, _ in markers_below(dependant):
        if provider.deps is deps:
            with suppress(DiError):  # validation tells; without a lifespan, the route that asks does
                reached |= container.root_layer.closure(provider.key)
    return {key: seed for key, seed in hidden.items() if key in reached and seed not in present}


def _prepare_http(route: InjectedRoute, container: Container, deps: Any, seeded: frozenset[Key]) -> None:
    build = route.original.get_route_handler
    plain = _handler(route, build, route.dependant)
    fast = _fast_dependant(route.dependant, container, deps, seeded)
    fast_handler = plain if fast is None else _handler(route, build, fast)
    overridable = route.holder.dependency_overrides_provider

    async def handle(request: Request) -> Any:
        work = container.find_scope()
        if work is None:
            return await plain(request)
        connection_of(work).request = request
        watch(request, work)
        overridden = overridable is not None and overridable.dependency_overrides
        response = await (plain if overridden else fast_handler)(request)
        return GuardedResponse(response, work)

    app = request_response(handle)
    wrap = getattr(fastapi.routing, "wrap_app_with_body_limit", None)
    route.holder.app = app if wrap is None else wrap(app, route.holder.max_body_size)


def _handler(route: InjectedRoute, build: Callable[[], Handler], dependant: Dependant) -> Handler:
    """Let FastAPI make the handler of a route over another description of its parameters."""
    holder = route.holder
    previous = holder.dependant
    holder.dependant = dependant
    try:
        with _effective(route):
            return build()
    finally:
        holder.dependant = previous


@contextmanager
def _effective(route: InjectedRoute) -> Iterator[None]:
    if not route.effective:
        yield
        return
    variable = fastapi.routing._effective_route_context_var
    token = variable.set(route.holder)
    try:
        yield
    finally:
        variable.reset(token)


def _fast_dependant(dependant: Dependant, container: Container, deps: Any, seeded: frozenset[Key]) -> Dependant | None:
    """Return a description without our markers, whose call builds them; None when there is nothing to gain."""
    endpoint = dependant.call
    injected: dict[str, Key] = {}
    others = []
    for below in dependant.dependencies:
        provider = service_provider_of(below)
        if provider is not None and provider.deps is deps and below.name is not None:
            injected[below.name] = provider.key
        elif provider is not None:
            return None  # a dependency of the decorator or router: order matters, so plain Depends serves
        else:
            others.append(below)
    if not injected or endpoint is None or _streams(endpoint):
        return None
    fast = dataclasses.replace(dependant, dependencies=others)
    in_thread = None if _is_coroutine_callable(endpoint) else run_in_threadpool

    plans: list[InjectedCall] = []  # at most one, made when it is first needed: registrations may come until then

    async def bind_first(**values: Any) -> Any:
        if container.stopped:
            raise ContainerClosedError(describe(endpoint))
        if not plans:
            plans.append(InjectedCall(container.root_layer, endpoint, injected, seeded=seeded, in_thread=in_thread))
        if container.active_layer() is not container.root_layer:
            return await plans[0].call_without_plan(values)
        bound = await plans[0].bind()
        fast.call = bound
        return await bound(**values)

    def unbind() -> None:
        fast.call = bind_first

    bind_first.__wrapped__ = endpoint  # type: ignore[attr-defined]  # FastAPI names the endpoint in its messages
    unbind()
    container.when_stopping(unbind)
    return fast


def _streams(endpoint: Callable[..., Any]) -> bool:
    function = inspect.unwrap(endpoint)
    return inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function)
