"""lagom with its own `FastApiIntegration`.

Its `request_singletons` are shared among a route's parameters only: what they need themselves is built anew for each.
Only `request_context_singletons` are shared by everybody within a request, so everything is one.
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import FastAPI
from lagom import Container, Singleton, context_dependency_definition
from lagom.integrations.fast_api import FastApiIntegration

from benchmarks.graphs import Kind, Service
from benchmarks.workload import Workload


def build(workload: Workload) -> FastAPI:
    """Return the application."""
    container = Container()
    scoped = []
    for service in workload.graph.services:
        made: Any = workload.types[service.name]
        if service.lifetime == "singleton":
            container[made] = Singleton(made)
        else:
            scoped.append(made)
            context_dependency_definition(container)(_definition(workload, service))
    deps = FastApiIntegration(container, request_context_singletons=scoped)
    app = FastAPI()
    app.add_api_route("/", workload.endpoint(lambda kind: Annotated[kind, deps.depends(kind)]))
    return app


def _definition(workload: Workload, service: Service) -> Callable[..., Iterator[Any]]:
    plain = service.kind is Kind.PLAIN
    make = workload.generator(service) if plain else workload.synchronous_provider(service)
    needs = [workload.types[need] for need in service.needs]

    def definition(container: Container) -> Iterator[Any]:
        yield from make(*[container[need] for need in needs])

    definition.__annotations__["return"] = Iterator[workload.types[service.name]]  # type: ignore[name-defined]  # read by lagom
    return definition
