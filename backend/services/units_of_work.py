"""Short units of work inside something long: a job's steps, a stream's looks at the database."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from backend.db.caller import Caller

T = TypeVar("T")


class UnitsOfWork(Protocol):
    """Open a service in a unit of work of its own.

    What is long must not hold a database connection, and its steps must be saved one by one. Leaving the block
    commits; an exception rolls back.
    """

    def open(self, service: type[T], caller: Caller) -> AbstractAsyncContextManager[T]:
        """Build a scoped service for a caller, with a session and everything else it needs."""
        ...
