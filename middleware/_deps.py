"""`Deps`: services as route parameters."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast
from weakref import WeakSet

import lagom
from fastapi import Depends, FastAPI
from starlette.requests import HTTPConnection

from di import Container, Health, Scope
from di._compiler import InjectedCall
from di._keys import Key, describe, key_of, source_of
from di._overlay import DefinitionsOverride
from di._overrides import Override
from di._roots import Root, Roots, read_roots
from di._scope import current
from di.errors import NoScopeError
from middleware._asgi import RequestScopeMiddleware
from middleware._connections import register_connections
from middleware._drop_in import DropIn
from middleware._markers import ServiceProvider, mark
from middleware._routes import Preparation
from middleware.errors import FromDependsUnreachableError, NotInstalledError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Installation:
    """What `app.state.di` holds, for the `di` command: a container, and who asks it for services."""

    container: Container
    roots: Callable[[], list[Root]]
    baseline: str | Path | None
    calls: Callable[[], Mapping[str, Callable[[], InjectedCall]]]  # the plans of routes, by the names of their roots


class Deps:
    """Connects FastAPI's routes with a container. Make one per application, in a module that routes can import.

    `Deps()` and `install` are the whole. `Deps(container)` with nothing installed is a drop-in for lagom's
    `FastApiIntegration`: each request opens and closes its own scope, unregistered classes are autowired, and
    definitions are read when they are first needed; nothing is validated or stopped.

    Args:
        container: ours, or a `lagom.Container`, whose definitions are then read.
        request_singletons: types of which each request has one.
        request_context_singletons: the same, for those that a `ContextManager[T]` is defined for; it is exited, and
            told the outcome, when the request ends.
    """

    def __init__(
        self,
        container: lagom.Container | None = None,
        request_singletons: Iterable[Any] | None = None,
        request_context_singletons: Iterable[Any] | None = None,
    ) -> None:
        self._container: Container | None = None
        self._served: WeakSet[Container] = WeakSet()
        self._providers: dict[Key, ServiceProvider] = {}
        self._hidden: dict[Key, Callable[..., Any]] = {}
        self._sources: dict[Key, Callable[..., Any]] = {}
        self._drop_in: DropIn | None = None
        if container is not None:
            self._drop_in = DropIn(container, request_singletons or (), request_context_singletons or (), self._serve)

    # --- in route modules -------------------------------------------------------------------------------------------

    def depends(self, key: type[T]) -> T:
        """Return the marker that injects a type: as a default value, or inside `Annotated`.

        Works in routes, in router- and application-level dependencies, and in dependency functions.
        """
        return cast(T, mark(self.provider(key), shared=self._drop_in is None))

    def provider(self, key: type[T]) -> ServiceProvider:
        """Return the one callable behind `depends(key)`, for `app.dependency_overrides`."""
        wanted = key_of(key)[0]
        provider = self._providers.get(wanted)
        if provider is None:
            provider = self._providers[wanted] = ServiceProvider(self, wanted)
        return provider

    def from_depends(self, key: type[T], dependency: Callable[..., Any]) -> None:
        """Make the value of a FastAPI dependency injectable into services.

        It runs once per request, on every route whose services reach `key`.
        """
        wanted = key_of(key)[0]
        self._sources[wanted] = dependency
        self._hidden[wanted] = _seed(self, wanted, dependency)
        for container in self._served:
            _register_source(container, wanted, dependency)

    # --- at the composition root ------------------------------------------------------------------------------------

    def install(
        self,
        app: FastAPI,
        container: Container | None = None,
        *,
        roots: Roots = (),
        baseline: str | Path | None = None,
    ) -> None:
        """Serve an application from a container: scopes, start and stop, validation and the fast path.

        The container starts with the application's lifespan, before its own lifespan function, and stops after it. At
        start every route is looked at; problems in what any of them asks for are one `GraphError`.

        Args:
            app: the application; routes may be added before and after.
            container: where its services come from; several applications may share one. Left out, the one that this
                was made with.
            roots: further types that are asked for outside of routes, such as those of jobs.
            baseline: a file of problems that do not keep the application from starting; see `Container.validate`.
        """
        if container is None:
            if self._drop_in is None:
                raise NotInstalledError("install(app)")
            container = self._drop_in.container
        self._container = container
        self._serve(container)
        further = read_roots(roots)

        preparation = Preparation(app, container, self, self._hidden, self._providers)

        def everyone() -> list[Root]:
            self._read_definitions()
            return [*preparation.roots(), *further]

        installation = Installation(container, everyone, baseline, preparation.planned_calls)
        app.state.di = (*getattr(app.state, "di", ()), installation)
        inner = app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(asgi: Any) -> AsyncIterator[Any]:
            container.validate(installation.roots(), baseline=baseline)
            preparation.refresh()
            async with container, inner(asgi) as state:
                yield state

        app.router.lifespan_context = lifespan

        def read_and_refresh() -> None:
            self._read_definitions()
            preparation.refresh()

        before = preparation.refresh if self._drop_in is None else read_and_refresh
        app.add_middleware(
            RequestScopeMiddleware,
            container=container,
            before_connection=before,
            exception_handlers=app.exception_handlers,
        )

    def _read_definitions(self) -> None:
        """Read what the container that this was made with defines, if it is the one in use."""
        drop_in, nothing_installed = self._drop_in, self._container is None
        if drop_in is not None and (nothing_installed or drop_in.container in self._served):
            drop_in.prepare(autowire=nothing_installed)

    def _serve(self, container: Container) -> None:
        """Let a container know of connections and of values of FastAPI dependencies."""
        register_connections(container)
        if container not in self._served:
            self._served.add(container)
            for key, dependency in self._sources.items():
                _register_source(container, key, dependency)

    def override(self, key: type[T], fake: Any, *, strict: bool = True) -> Override:
        """Put another provider in the place of a type for a while; see `Container.override`.

        With several applications, it is the container of the one installed last.
        """
        return self._installed("override()").override(key, fake, strict=strict)

    async def health(self, *, limit: float = 2.0) -> Health:
        """Ping what has a `ping=`, each for at most `limit` seconds; see `Container.health`."""
        return await self._installed("health()").health(limit=limit)

    def override_for_test(self) -> DefinitionsOverride:
        """Return a block with an editable container: what is defined in it holds in this context until its end.

        Takes lagom's definitions, also of types that nobody registered, and looks at no fake's methods.
        """
        return self._installed("override_for_test()").override_by_definitions()

    def unit_of_work(self, key: Key, connection: HTTPConnection) -> Scope:
        """Return the scope of a connection; where nothing is installed, the first call opens it."""
        if self._container is None and self._drop_in is not None:
            return self._drop_in.unit_of_work(connection)
        return self.scope_for(key)

    def scope_for(self, key: Key) -> Scope:
        """Return the innermost open scope of a container this was installed with; applications may have one each.

        Raises:
            NotInstalledError, NoScopeError
        """
        self._installed(describe(key))
        scope = current.get()
        while scope is not None and scope.container not in self._served:
            scope = scope.outer
        if scope is None:
            raise NoScopeError(describe(key))
        return scope

    def _installed(self, what: str) -> Container:
        self._read_definitions()
        if self._container is not None:
            return self._container
        if self._drop_in is not None:
            return self._drop_in.container
        raise NotInstalledError(what)


def _register_source(container: Container, key: Key, dependency: Callable[..., Any]) -> None:
    """Let services of a container ask for the value of a FastAPI dependency; applications may have one each."""
    known = container.root_layer.provider(key)
    if known is None or not hasattr(known.make, "stands_for"):
        container.scoped(cast(Any, key), _unreachable(key, dependency))


def _unreachable(key: Key, dependency: Callable[..., Any]) -> Callable[[], Any]:
    def refuse() -> Any:
        raise FromDependsUnreachableError(describe(key), describe(dependency), source_of(dependency))

    refuse.stands_for = dependency  # type: ignore[attr-defined]  # recognised here, and named in the drawn graph
    return refuse


def _seed(deps: Deps, key: Key, dependency: Callable[..., Any]) -> Callable[..., Any]:
    """Return a FastAPI dependency that puts the value of another into the scope."""

    async def seed(value: Any = Depends(dependency)) -> None:
        deps.scope_for(key).seed(key, value)

    return seed
