"""Short work after the answer: the client does not wait for it, the process's end does."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from backend.errors import Unavailable

_LOG: Final = logging.getLogger(__name__)
_AT_ONCE: Final = 8
_BACKLOG: Final = 1000
_PATIENCE: Final = 10.0


class BacklogFull(Unavailable):
    """Say that too much is waiting to be done already."""

    def __init__(self) -> None:
        super().__init__("background work", message="Too much is waiting to be done. Try again in a moment.")


class BackgroundWork:
    """Run what was submitted, a few at a time; a failure is logged and ends nothing else.

    Work that must survive a crash belongs in the job queue instead.
    """

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(_AT_ONCE)

    def submit(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Start work soon and return at once; raises `BacklogFull` rather than collect without end."""
        if len(self._tasks) >= _BACKLOG:
            raise BacklogFull
        task = asyncio.create_task(self._run(name, work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait until all that was submitted has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Give what runs a moment to end, then cancel it."""
        try:
            await asyncio.wait_for(self.drain(), self._patience)
        except TimeoutError:
            abandoned = list(self._tasks)
            for task in abandoned:
                task.cancel()
            await asyncio.gather(*abandoned, return_exceptions=True)
            _LOG.warning("background_work_abandoned", extra={"count": len(abandoned)})

    async def _run(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        async with self._places:
            try:
                await work()
            except Exception:  # noqa: BLE001 - whatever it was, it is logged and must not end the rest
                _LOG.exception("background_work_failed", extra={"work": name})


async def open_background_work() -> AsyncIterator[BackgroundWork]:
    """Provide the runner and let it come to an end at the end."""
    work = BackgroundWork()
    try:
        yield work
    finally:
        await work.close()
