"""modern-di with its FastAPI integration: cached factories per request, and a finalizer for the session.

Its creators are synchronous and its finalizers are not told of failures, so a session is committed by its finalizer.
"""

from typing import Annotated, Any

from fastapi import FastAPI
from modern_di import Container, Scope, providers
from modern_di.providers import CacheSettings
from modern_di_fastapi import FromDI, setup_di

from benchmarks.graphs import Kind, Service
from benchmarks.workload import Workload


def build(workload: Workload) -> FastAPI:
    """Return the application."""
    container = Container()
    container.add_providers(*(_provider(workload, service) for service in workload.graph.services))
    app = FastAPI()
    app.add_api_route("/", workload.endpoint(lambda kind: Annotated[kind, FromDI(kind)]))
    setup_di(app, container)
    return app


def _provider(workload: Workload, service: Service) -> Any:
    made = workload.types[service.name]
    scope = Scope.APP if service.lifetime == "singleton" else Scope.REQUEST
    if service.kind is Kind.PLAIN:
        return providers.Factory(made, scope=scope, cache=True)
    if service.kind is Kind.SESSION:
        return providers.Factory(made, scope=scope, cache=CacheSettings(finalizer=_finish_session))
    work = workload.work

    def open_resource(*needs: Any) -> Any:
        work.opened += 1
        return made(*needs)

    async def finish(resource: Any) -> None:
        work.closed += 1

    def finish_now(resource: Any) -> None:
        work.closed += 1

    parameters = ", ".join(f"p{number}: A{number}" for number in range(len(service.needs)))
    arguments = ", ".join(f"p{number}" for number in range(len(service.needs)))
    namespace: dict[str, Any] = {f"A{number}": workload.types[need] for number, need in enumerate(service.needs)}
    namespace |= {"made": made, "open_resource": open_resource}
    exec(f"def create({parameters}) -> made:\n    return open_resource({arguments})", namespace)
    finalizer = finish if service.kind is Kind.ASYNC_GENERATOR else finish_now
    return providers.Factory(namespace["create"], scope=scope, cache=CacheSettings(finalizer=finalizer))


async def _finish_session(session: Any) -> None:
    await session.commit()
    await session.close()
