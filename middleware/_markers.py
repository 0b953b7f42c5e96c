"""`deps.depends(T)` as FastAPI sees it: an ordinary `Depends` on one stable callable per type."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fastapi import params
from fastapi.requests import HTTPConnection

from di._keys import Key, describe
from middleware._connections import scope_of_connection
from middleware._outcome import watch_late

if TYPE_CHECKING:
    from fastapi.dependencies.models import Dependant

    from middleware._deps import Deps


class ServiceProvider:
    """The callable behind `deps.depends(T)`; use it as a key of `app.dependency_overrides`."""

    def __init__(self, deps: "Deps", key: Key) -> None:
        self.deps = deps
        self.key = key
        self.__name__ = f"provide_{describe(key)}"

    async def __call__(self, connection: HTTPConnection) -> Any:
        work = self.deps.unit_of_work(self.key, connection)
        scope_of_connection(work).request = connection
        watch_late(connection, work)
        return await work.resolve(self.key)  # type: ignore[arg-type]  # keys are what resolve takes


class ServiceMarker(params.Depends):
    """What stands in a signature."""


def mark(provider: ServiceProvider, *, shared: bool) -> ServiceMarker:
    """Return the marker for a provider; FastAPI calls it once per request if `shared`, else for each parameter."""
    return ServiceMarker(dependency=provider, use_cache=shared)


def service_provider_of(dependant: "Dependant") -> ServiceProvider | None:
    """Return the service provider that a dependency is, if it is one."""
    return dependant.call if isinstance(dependant.call, ServiceProvider) else None


def markers_below(dependant: "Dependant") -> Iterator[tuple[ServiceProvider, tuple["Dependant", ...]]]:
    """Yield every service provider in a tree of dependencies, with the dependencies that lead to it."""
    waiting: list[tuple[Dependant, tuple[Dependant, ...]]] = [(dependant, ())]
    while waiting:
        current, path = waiting.pop()
        for below in current.dependencies:
            provider = service_provider_of(below)
            if provider is not None:
                yield provider, (*path, current)
            waiting.append((below, (*path, current)))
