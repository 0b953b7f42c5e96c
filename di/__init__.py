"""Scoped dependency injection on lagom: plan once, build what a unit of work needs, close it with its outcome."""

from typing import TYPE_CHECKING, Any

from di import errors
from di._container import Container
from di._deferred import Factory, Lazy
from di._events import BuildEvent, TeardownEvent
from di._health import Health, HealthStatus, ServiceHealth
from di._keys import Named
from di._leaks import Leak
from di._scope import Scope, current_scope

if TYPE_CHECKING:
    from di._graph_view import GraphView

__all__ = [
    "BuildEvent",
    "Container",
    "Factory",
    "GraphView",
    "Health",
    "HealthStatus",
    "Lazy",
    "Leak",
    "Named",
    "Scope",
    "ServiceHealth",
    "TeardownEvent",
    "current_scope",
    "errors",
]


def __getattr__(name: str) -> Any:
    if name == "GraphView":  # for people who look at the graph: no start of an application waits for it
        from di._graph_view import GraphView

        return GraphView
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
