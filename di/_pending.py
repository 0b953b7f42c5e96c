"""An object of a scope on its way, for those who wait for it."""

import asyncio
from typing import Any


class Pending:
    """An object that is being built, and the task that builds it (None: it is built without an event loop)."""

    __slots__ = ("future", "task")

    def __init__(self, future: "asyncio.Future[Any]", task: "asyncio.Task[Any] | None") -> None:
        self.future = future
        self.task = task

    def fail(self, error: BaseException) -> None:
        """Tell those who wait; after a cancellation, one of them builds it instead."""
        if isinstance(error, asyncio.CancelledError):
            self.future.cancel()
        else:
            self.future.set_exception(error)
            self.future.exception()  # nobody has to wait for it
