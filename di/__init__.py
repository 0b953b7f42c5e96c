"""Scoped dependency injection on lagom: plan once, build what a unit of work needs, close it with its outcome."""

from di import errors
from di._container import Container
from di._keys import Named
from di._scope import Scope, current_scope

__all__ = ["Container", "Named", "Scope", "current_scope", "errors"]
