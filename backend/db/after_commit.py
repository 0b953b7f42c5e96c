"""What a unit of work does once its transaction has been committed."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

_LOG: Final = logging.getLogger(__name__)


class AfterCommit:
    """Collect what must not happen before the rows are there, and what a rollback must undo by omission."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[], Awaitable[None]]] = []

    def do(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Add a callback; they run in order."""
        self._callbacks.append(callback)

    async def run(self) -> None:
        """Run all callbacks once. A failure is logged: what was committed is not undone by it."""
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            try:
                await callback()
            except Exception:  # noqa: BLE001 - whatever it was, it is logged and must not end the rest
                _LOG.exception("after_commit_failed")
