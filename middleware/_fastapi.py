"""How FastAPI serves a route: what it does not document, in one module, for every release from 0.121 on.

Three generations are known. Up to 0.136 a route that is included is copied into one flat list. From 0.137 a router
stays whole, and each of its routes has a context for each inclusion, from which the handler is made at every request.
Later in 0.142 the context keeps the ASGI app that was made of it. Which one is installed is seen from the objects at
hand, never from a version number; `middleware._conformance` tries out whether it fits.
"""

import dataclasses
import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakSet

import fastapi.routing
from fastapi.routing import APIRoute, APIRouter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.types import Scope

if TYPE_CHECKING:
    from fastapi.dependencies.models import Dependant

Handler = Callable[[Request], Awaitable[Response]]
_routing: Any = fastapi.routing  # its names come and go with releases
_HANDLE = "_di_handle"  # on what serves a route: the handler that it was prepared with


@dataclasses.dataclass(frozen=True, slots=True)
class ServedRoute:
    """A route of any kind as it is served: `holder` is the route, or stands for it where its router is included."""

    original: BaseRoute
    holder: Any

    @property
    def dependant(self) -> "Dependant | None":
        """FastAPI's description of the endpoint's parameters; None for what FastAPI does not inject into."""
        return getattr(self.holder, "dependant", None) if self.is_http or self.is_websocket else None

    @property
    def is_http(self) -> bool:
        """Whether it is FastAPI's kind of an HTTP route."""
        return isinstance(self.original, APIRoute)

    @property
    def is_websocket(self) -> bool:
        """Whether it is a WebSocket route."""
        return isinstance(self.original, WebSocketRoute)

    @property
    def is_prepared(self) -> bool:
        """Whether `serve_by` was called."""
        return hasattr(self.holder, _HANDLE)

    @property
    def overrides_provider(self) -> Any:
        """The application whose `dependency_overrides` are in force; None when nobody may override."""
        return self.holder.dependency_overrides_provider

    @property
    def mounted(self) -> Starlette | None:
        """The application that is mounted here, if one is."""
        app = getattr(self.original, "_base_app", None)
        return app if isinstance(app, Starlette) else None

    def depend_first(self, dependency: Callable[..., Any]) -> None:
        """Call a dependency before all others of this route."""
        described = _routing.get_dependant(path=self.holder.path_format, call=dependency)
        self.holder.dependant.dependencies.insert(0, described)

    def handler_over(self, dependant: "Dependant") -> Handler:
        """Let the route make its handler over another description of its parameters."""
        previous = self.holder.dependant
        self.holder.dependant = dependant
        try:
            with self._included():
                return cast(APIRoute, self.original).get_route_handler()
        finally:
            self.holder.dependant = previous

    def serve_by(self, handle: Handler) -> None:
        """Answer requests by a handler, inside FastAPI's exit stacks and the application's exception handlers."""
        setattr(self.holder, _HANDLE, handle)
        if hasattr(self.holder, "app"):
            app = _routing.request_response(handle)
            limit = getattr(_routing, "wrap_app_with_body_limit", None)
            self.holder.app = app if limit is None else limit(app, self.holder.max_body_size)
        else:
            _hand_out_prepared(cast(APIRoute, self.original))

    @contextmanager
    def _included(self) -> Iterator[None]:
        if self.holder is self.original:
            yield
            return
        variable = _routing._effective_route_context_var
        token = variable.set(self.holder)
        try:
            yield
        finally:
            variable.reset(token)

    @property
    def method(self) -> str | None:
        """Its HTTP method, or several with commas; None of a WebSocket."""
        return ",".join(sorted(getattr(self.holder, "methods", None) or ())) or None

    def __str__(self) -> str:
        return f"{self.method or 'WEBSOCKET'} {self.holder.path}"


def _hand_out_prepared(route: APIRoute) -> None:
    """Have a route that makes a handler at each request hand out the one that its inclusion was prepared with."""
    make = route.get_route_handler
    if hasattr(make, "hands_out_prepared"):
        return

    def get_route_handler() -> Any:
        inclusion = _routing._effective_route_context_var.get()
        belongs = inclusion is not None and inclusion.original_route is route
        prepared = getattr(inclusion, _HANDLE, None) if belongs else None
        return make() if prepared is None else prepared

    get_route_handler.hands_out_prepared = True  # type: ignore[attr-defined]  # recognised above
    route.get_route_handler = get_route_handler  # type: ignore[method-assign]  # of this one route


def served_routes(routes: Iterable[BaseRoute]) -> Iterator[ServedRoute]:
    """Yield every route as it is served, however deep its router was included."""
    for route in routes:
        inclusions = getattr(route, "effective_route_contexts", None)
        if inclusions is None:
            yield ServedRoute(route, route)
        else:
            for inclusion in inclusions():
                # FastAPI serves its own HTTP routes by the context, all others by a copy.
                yield ServedRoute(inclusion.original_route, inclusion.starlette_route or inclusion)


class _WatchedRoutes(list[BaseRoute]):
    """The routes of a router; every change is told to who watches them."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        super().__init__(routes)
        self.watchers: WeakSet[RoutersBelow] = WeakSet()  # a router of a module outlives applications that include it


def _telling(change: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(change)
    def change_and_tell(routes: _WatchedRoutes, *args: Any, **kwargs: Any) -> Any:
        result = change(routes, *args, **kwargs)
        for each in routes.watchers:
            each.changes += 1
        return result

    return change_and_tell


for _name in (
    *("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse"),
    *("__setitem__", "__delitem__", "__iadd__", "__imul__"),
):
    setattr(_WatchedRoutes, _name, _telling(getattr(list, _name)))


class RoutersBelow:
    """Every router that applications serve routes from; tells when their routes have changed.

    Args:
        when_changed: called by `check`, the first time too; it begins with `watch`.
    """

    def __init__(self, when_changed: Callable[[], None]) -> None:
        self.changes = 1  # how many were told of so far; the first is that this exists
        self._followed = 0  # how many of them `when_changed` has followed
        self._when_changed = when_changed
        self._served: list[tuple[APIRouter, list[BaseRoute]]] = []

    def watch(self, served: Iterable[APIRouter]) -> None:
        """Let the applications' own routers, and those included in them, tell of changes."""
        own = list(served)
        waiting: list[Any] = list(own)
        seen = set()
        while waiting:
            router = waiting.pop()
            if router is not None and id(router) not in seen:  # a router has no hash
                seen.add(id(router))
                if type(router.routes) is not _WatchedRoutes:
                    router.routes = _WatchedRoutes(router.routes)
                router.routes.watchers.add(self)
                waiting += [getattr(route, "original_router", None) for route in router.routes]
        self._served = [(router, router.routes) for router in own]

    def check(self) -> None:
        """Call `when_changed` if routes changed since it was called last; every request pays for this look."""
        if self.changes == self._followed:
            for router, routes in self._served:
                if router.routes is not routes:
                    break
            else:
                return
        changes = self.changes
        self._when_changed()
        self._followed = changes  # now that it is done: whoever comes meanwhile waits for it


def is_awaited(dependant: Any) -> bool:
    """Whether FastAPI awaits the endpoint that a dependant describes; it runs others in a thread."""
    ask = getattr(_routing, "_is_coroutine_callable", None)
    known = ask(dependant.call) if ask is not None else dependant.is_coroutine_callable  # until 0.139
    return known or inspect.iscoroutinefunction(dependant.call)


def request_stack(scope: Scope) -> AsyncExitStack | None:
    """Return the stack that closes request-scoped dependencies, after the response was sent."""
    stack: AsyncExitStack | None = scope.get("fastapi_inner_astack")
    return stack


def function_stack(scope: Scope) -> AsyncExitStack | None:
    """Return the stack that closes function-scoped dependencies, before the response is sent."""
    stack: AsyncExitStack | None = scope.get("fastapi_function_astack")
    return stack
