"""Straight code as a person would write it for this one route, without and with per-request construction."""

from collections.abc import Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from fastapi import FastAPI

from benchmarks.graphs import Kind, Service
from benchmarks.workload import Workload


def build_globals(workload: Workload) -> FastAPI:
    """Everything was built at import."""
    namespace = _globals(workload) | {"seen": workload.seen}
    names = {name: f"g{name}" for name in workload.singletons}
    for service in workload.graph.used():
        if service.lifetime == "scoped":
            names[service.name] = f"g{service.name}"
            needs = (namespace[names[need]] for need in service.needs)
            namespace[names[service.name]] = workload.types[service.name](*needs)
    return _app([f"    seen[0] = {_asked(workload, names)}"], namespace)


def build_plain(workload: Workload) -> FastAPI:
    """Everything that belongs to a request is built in the route."""
    namespace = _globals(workload) | {"seen": workload.seen}
    names = {name: f"g{name}" for name in workload.singletons}
    lines: list[str] = []
    depth = 1
    for number, service in enumerate(needed(workload)):
        arguments = ", ".join(names[need] for need in service.needs)
        names[service.name] = f"v{number}"
        if service.kind is Kind.PLAIN:
            namespace[service.name] = workload.types[service.name]
            lines.append(f"{'    ' * depth}v{number} = {service.name}({arguments})")
            continue
        manager = contextmanager if service.kind is Kind.GENERATOR else asynccontextmanager
        namespace[service.name] = manager(workload.provider(service))
        word = "with" if service.kind is Kind.GENERATOR else "async with"
        lines.append(f"{'    ' * depth}{word} {service.name}({arguments}) as v{number}:")
        depth += 1
    lines.append(f"{'    ' * depth}seen[0] = {_asked(workload, names)}")
    return _app(lines, namespace)


def needed(workload: Workload) -> Iterator[Service]:
    """Yield what the route has to build, in dependency order."""
    return (service for service in workload.graph.used() if service.lifetime == "scoped")


def _globals(workload: Workload) -> dict[str, Any]:
    return {f"g{name}": value for name, value in workload.singletons.items()}


def _asked(workload: Workload, names: dict[str, str]) -> str:
    return f"({', '.join(names[name] for name in workload.graph.asked)},)"


def _app(lines: Iterable[str], namespace: dict[str, Any]) -> FastAPI:
    source = "\n".join(["async def index() -> str:", *lines, '    return "ok"'])
    exec(compile(source, "<by hand>", "exec"), namespace)
    app = FastAPI()
    app.add_api_route("/", namespace["index"])
    return app
