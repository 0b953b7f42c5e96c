"""FastAPI's own `Depends`; singletons are module globals that dependency functions use.

Twice: with classes as dependencies, as its tutorial has it, which run in the thread pool; and with a coroutine function
per service, which do not.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI

from benchmarks.graphs import Kind, Service
from benchmarks.workload import Workload


def build_classes(workload: Workload) -> FastAPI:
    """Return the application whose dependencies are plain functions."""
    return _build(workload, "def")


def build_async(workload: Workload) -> FastAPI:
    """Return the application whose dependencies are coroutine functions."""
    return _build(workload, "async def")


def _build(workload: Workload, word: str) -> FastAPI:
    dependencies: dict[str, Any] = {}
    for name, value in workload.singletons.items():
        dependencies[name] = _constant(value)
    for service in workload.scoped:
        if service.kind is Kind.PLAIN:
            dependencies[service.name] = _dependency(workload, service, word, dependencies)
        else:
            dependencies[service.name] = _generator(workload, service, dependencies)
    by_type = {workload.types[name]: dependency for name, dependency in dependencies.items()}
    app = FastAPI()
    app.add_api_route("/", workload.endpoint(lambda kind: Annotated[kind, Depends(by_type[kind])]))
    return app


def _constant(value: Any) -> Callable[..., Any]:
    async def dependency() -> Any:
        return value

    return dependency


def _dependency(workload: Workload, service: Service, word: str, dependencies: dict[str, Any]) -> Callable[..., Any]:
    """Return a function that takes what belongs to a request, and uses what does not."""
    parameters, arguments = [], []
    namespace: dict[str, Any] = {"made": workload.types[service.name]}
    for number, need in enumerate(service.needs):
        arguments.append(f"p{number}")
        if need in workload.singletons:
            namespace[f"p{number}"] = workload.singletons[need]
        else:
            namespace[f"A{number}"] = Annotated[workload.types[need], Depends(dependencies[need])]
            parameters.append(f"p{number}: A{number}")
    source = f"{word} dependency({', '.join(parameters)}):\n    return made({', '.join(arguments)})"
    exec(source, namespace)
    dependency: Callable[..., Any] = namespace["dependency"]
    return dependency


def _generator(workload: Workload, service: Service, dependencies: dict[str, Any]) -> Callable[..., Any]:
    provider = workload.provider(service)
    for number, need in enumerate(service.needs):
        provider.__annotations__[f"p{number}"] = Annotated[workload.types[need], Depends(dependencies[need])]
    provider.__annotations__.pop("return", None)
    return provider
