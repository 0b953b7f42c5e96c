"""The fast path: FastAPI's routes, prepared to build their services by a compiled plan.

A route that cannot be prepared still works, through plain `Depends`; so do all routes of a FastAPI that does not serve
routes in a way we know.
"""

import dataclasses
import functools
import inspect
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from fastapi import FastAPI
from fastapi.routing import APIRouter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from di import Container
from di._compiler import InjectedCall
from di._keys import Key, describe, source_of
from di._roots import Root
from di._scope import get_current
from di.errors import ContainerClosedError, DiError
from middleware._asgi import RequestScopeMiddleware
from middleware._conformance import misfit
from middleware._fastapi import RoutersBelow, ServedRoute, is_awaited, served_routes
from middleware._handlers import OutcomeWatch
from middleware._markers import markers_below, service_provider_of
from middleware._outcome import answer
from middleware._request_scope import RequestScope, connection_of, report, unit_of_work
from middleware.errors import UnknownFastAPIWarning

if TYPE_CHECKING:
    from fastapi.dependencies.models import Dependant


def applications_of(app: Starlette) -> Iterator[Starlette]:
    """Yield an application and those mounted below it, except those that were installed with a container themselves."""
    waiting, seen = [app], {app}
    while waiting:
        current = waiting.pop()
        yield current
        for route in served_routes(current.router.routes):
            mounted = route.mounted
            if mounted is not None and mounted not in seen and not _is_installed(mounted):
                seen.add(mounted)
                waiting.append(mounted)


def _is_installed(app: Starlette) -> bool:
    return any(cast(Any, middleware.cls) is RequestScopeMiddleware for middleware in app.user_middleware)


def _handlers_report(app: Starlette) -> bool:
    """Whether nothing stands between the scope's middleware and the layer of exception handlers, which report."""
    innermost: Any = app.user_middleware[-1] if app.user_middleware else None
    return (
        innermost is not None
        and innermost.cls is RequestScopeMiddleware
        and innermost.kwargs.get("exception_handlers") is app.exception_handlers
    )


def injected_routes(app: Starlette) -> Iterator[tuple[ServedRoute, "Dependant"]]:
    """Yield what FastAPI injects into, in an application and those mounted below it, and what is asked for there."""
    for each in applications_of(app):
        for route in served_routes(each.router.routes):
            dependant = route.dependant
            if dependant is not None:
                yield route, dependant


class Preparation:
    """Keeps the routes of an application prepared: from the start, and again whenever routes were added."""

    def __init__(
        self,
        app: FastAPI,
        container: Container,
        deps: object,
        hidden: Mapping[Key, Callable[..., Any]],
        asked: Mapping[Key, object],
    ) -> None:
        self._app = app
        self._container = container
        self._deps = deps
        self._hidden = hidden
        self._asked = asked
        self._routers = RoutersBelow(self._refresh)
        self._functions: dict[tuple[Any, ...], Callable[..., Any]] = {}
        self._calls: dict[str, Callable[[], InjectedCall]] = {}  # by the names of the routes
        self._refreshing = threading.Lock()
        reason = misfit()
        self._is_known = reason is None
        if reason is not None:
            warnings.warn(UnknownFastAPIWarning(reason), stacklevel=3)

    def roots(self) -> list[Root]:
        """Return every type that a route or a dependency function of the application asks for.

        Where routes cannot be read, it is every type that anybody asked for.
        """
        if not self._is_known:
            return [Root(f"deps.depends({describe(key)})", key) for key in self._asked]
        roots: dict[Root, None] = {}
        for route, dependant in injected_routes(self._app):
            for provider, path in markers_below(dependant):
                if provider.deps is self._deps:
                    roots[_root(route, provider.key, [source_of(each.call) for each in path])] = None
        return list(roots)

    def planned_calls(self) -> Mapping[str, Callable[[], InjectedCall]]:
        """Return what makes the plans of the routes that have one of their own, by the names of their roots."""
        self.refresh()
        return self._calls

    @property
    def refresh(self) -> Callable[[], None]:
        """Prepares what is new; nearly free when nothing is."""
        return self._routers.check

    def _refresh(self) -> None:
        with self._refreshing:  # clients in several threads may serve one application
            self._prepare_all()

    def _prepare_all(self) -> None:
        applications = list(applications_of(self._app))
        self._routers.watch(cast(APIRouter, app.router) for app in applications)
        for app in applications:
            if not (_handlers_report(app) or isinstance(app.router.middleware_stack, OutcomeWatch)):
                app.router.middleware_stack = OutcomeWatch(app.router.middleware_stack)
        if self._is_known:
            for route, dependant in injected_routes(self._app):
                self._prepare(route, dependant)

    def _prepare(self, route: ServedRoute, dependant: "Dependant") -> None:
        needed = _hidden_for(dependant, self._container, self._deps, self._hidden)
        for seed in reversed(needed.values()):
            route.depend_first(seed)
        if route.is_http and not route.is_prepared:
            planned = _PlannedCalls(self._container, frozenset(needed), self._functions)
            call = _prepare_http(route, dependant, self._deps, planned)
            if call is not None:
                self._calls[str(route)] = call


def _root(route: ServedRoute, key: Key, places: Sequence[str]) -> Root:
    endpoint, *functions = places
    return Root(
        str(route),
        key,
        kind="websocket" if route.is_websocket else "http",
        method=route.method,
        path=route.holder.path,
        source=endpoint,
        via=tuple(functions),
    )


def _hidden_for(
    dependant: "Dependant", container: Container, deps: Any, hidden: Mapping[Key, Callable[..., Any]]
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


def _prepare_http(
    route: ServedRoute, dependant: "Dependant", deps: Any, planned: "_PlannedCalls"
) -> Callable[[], InjectedCall] | None:
    """Serve a route by its plan, and return that; `None` when it has none."""
    container = planned.container
    plain = route.handler_over(dependant)
    fast, call = _fast_dependant(dependant, deps, planned)
    fast_handler = plain if fast is dependant else route.handler_over(fast)
    overrides = route.overrides_provider

    async def handle(request: Request) -> Any:
        work = get_current()
        if type(work) is RequestScope and work.container is container:
            mine = work
        else:
            work = unit_of_work(container)
            if work is None:
                return await plain(request)
            mine = cast(RequestScope, connection_of(work))
        mine.request = request
        mine.watched = request.scope
        try:
            overridden = overrides is not None and overrides.dependency_overrides
            response = await (plain if overridden else fast_handler)(request)
        except BaseException as error:
            report(work, error)
            raise
        return functools.partial(answer, work, response)

    route.serve_by(handle)
    return call


def _fast_dependant(
    dependant: "Dependant", deps: Any, planned: "_PlannedCalls"
) -> "tuple[Dependant, Callable[[], InjectedCall] | None]":
    """Return a description without our markers, whose call builds them, and its plan; itself when nothing is gained."""
    fast, injected = _without_markers(dependant, deps, planned)
    if not injected:
        return fast, None

    def use(call: Callable[..., Any]) -> None:
        fast.call = call

    return fast, planned.make(dependant, injected, use)


def _fast_below(dependant: "Dependant", deps: Any, planned: "_PlannedCalls") -> "Dependant":
    """Return a dependency, with those below it, that builds its services by a plan; itself when nothing is gained."""
    if getattr(dependant, "concurrency", None) is not None:
        return dependant
    fast, injected = _without_markers(dependant, deps, planned)
    if injected:
        fast.call = planned.function(dependant, injected)
    return fast


def _without_markers(dependant: "Dependant", deps: Any, planned: "_PlannedCalls") -> "tuple[Dependant, dict[str, Key]]":
    """Return a description without our markers, also in what is below it, and which parameters they were."""
    found = _injected_by(dependant, deps)
    if found is None or dependant.call is None or _streams(dependant.call):
        return dependant, {}
    injected, others = found
    below = [_fast_below(each, deps, planned) for each in others]
    if not injected and all(new is old for new, old in zip(below, others, strict=True)):
        return dependant, {}
    return dataclasses.replace(dependant, dependencies=below), injected


class _PlannedCalls:
    """Functions that call an endpoint or a dependency with services that a plan builds; those of one route."""

    def __init__(
        self, container: Container, seeded: frozenset[Key], functions: dict[tuple[Any, ...], Callable[..., Any]]
    ) -> None:
        self.container = container
        self._seeded = seeded
        self._functions = functions  # of all routes that have the same values put into their scopes

    def function(self, dependant: "Dependant", injected: dict[str, Key]) -> Callable[..., Any]:
        """Return one coroutine function that stands for a dependency: FastAPI shares what it returned by that."""
        assert dependant.call is not None  # noqa: S101 - looked at before
        key = (_Same(dependant.call), self._seeded)
        if key not in self._functions:
            now: list[Callable[..., Any]] = []

            def use(call: Callable[..., Any]) -> None:
                now[:] = [call]

            async def inject(**values: Any) -> Any:
                return await now[0](**values)

            self.make(dependant, injected, use)
            self._functions[key] = inject
        return self._functions[key]

    def make(
        self, dependant: "Dependant", injected: dict[str, Key], use: Callable[[Callable[..., Any]], None]
    ) -> Callable[[], InjectedCall]:
        """Return what makes the plan; `use` is told what to call, now and whenever that changes."""
        container, function = self.container, cast(Callable[..., Any], dependant.call)
        in_thread = None if is_awaited(dependant) else run_in_threadpool
        plans: list[InjectedCall] = []  # at most one, made when it is first needed: registrations may come until then

        def planned() -> InjectedCall:
            if not plans:
                root, seeded = container.root_layer, self._seeded
                plans.append(InjectedCall(root, function, injected, seeded=seeded, in_thread=in_thread))
            return plans[0]

        async def bind_first(**values: Any) -> Any:
            if container.stopped:
                raise ContainerClosedError(describe(function))
            if container.active_layer() is not container.root_layer:
                return await planned().call_without_plan(values)
            bound = await planned().bind()
            use(bound)
            return await bound(**values)

        def unbind() -> None:
            use(bind_first)
            for plan in plans:
                plan.unbind()

        bind_first.__wrapped__ = function  # type: ignore[attr-defined]  # FastAPI names the endpoint in its messages
        unbind()
        container.when_stopping(unbind)
        return planned


class _Same:
    """A callable, by identity: not all have a hash."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._call is other._call

    def __hash__(self) -> int:
        return id(self._call)


def _injected_by(dependant: "Dependant", deps: Any) -> "tuple[dict[str, Key], list[Dependant]] | None":
    """Return which parameters are our markers, and all other dependencies; None where plain Depends has to serve."""
    injected: dict[str, Key] = {}
    others: list[Dependant] = []
    for below in dependant.dependencies:
        provider = service_provider_of(below)
        if provider is None:
            others.append(below)
        elif provider.deps is deps and below.name is not None:
            injected[below.name] = provider.key
        else:
            return None  # a dependency of the decorator or router: its order matters
    return injected, others


def _streams(endpoint: Callable[..., Any]) -> bool:
    function = inspect.unwrap(endpoint)
    return inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function)
