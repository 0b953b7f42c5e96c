"""Scoped dependency injection on lagom: plan once, build what a unit of work needs, close it with its outcome."""

from di import errors
from di._container import Container
from di._deferred import Factory, Lazy
from di._events import BuildEvent, TeardownEvent
from di._graph_view import GraphView
from di._health import Health, HealthStatus, ServiceHealth
from di._keys import Named
from di._leaks import Leak
from di._scope import Scope, current_scope

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
