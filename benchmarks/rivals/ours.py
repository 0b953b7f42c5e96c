"""This layer, with every promise on."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import FastAPI

from benchmarks.graphs import Kind
from benchmarks.workload import Workload
from di import Container, Scope
from middleware import Deps


def build(workload: Workload) -> FastAPI:
    """Return the application."""
    return install(workload, container_for(workload))


def container_for(workload: Workload) -> Container:
    """Return a container that knows the whole graph."""
    container = Container()
    for service in workload.graph.services:
        made: Any = workload.types[service.name]
        if service.lifetime == "singleton":
            container.singleton(made, workload.provider(service))
        elif service.kind is Kind.SESSION:
            container.scoped(made, _session_provider(made))
        else:
            container.scoped(made, workload.provider(service))
    return container


def install(workload: Workload, container: Container) -> FastAPI:
    """Return an application on a container."""
    deps = Deps()
    app = FastAPI()
    app.add_api_route("/", workload.endpoint(lambda kind: Annotated[kind, deps.depends(kind)]))
    deps.install(app, container, roots=list(workload.types.values()))
    return app


def _session_provider(session_type: Any) -> Callable[..., AsyncIterator[Any]]:
    async def open_session(scope: Scope) -> AsyncIterator[Any]:
        session = session_type()
        scope.on_success(session.commit)
        try:
            yield session
        except BaseException:
            await session.rollback()
            raise
        finally:
            await session.close()

    return open_session
