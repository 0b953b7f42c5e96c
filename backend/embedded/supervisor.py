"""Keep the parts of one machine's AuraStream running, and end all of them together."""

import asyncio
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Protocol, Self

from backend.embedded.errors import EmbeddedError
from backend.embedded.progress import Progress

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
STEADY_AFTER: Final = 60.0  # seconds of running after which a part counts as healthy again


class Part(Protocol):
    """One process of the service, such as a database server or a job worker."""

    @property
    def name(self) -> str:
        """Return the name people know it by."""

    @property
    def started(self) -> str:
        """Return what can be said of it when `start` has returned: `ready`, or only `started`."""

    async def start(self) -> None:
        """Start it and return when it is ready; on failure raise an `EmbeddedError` and leave nothing running."""

    async def stop(self) -> None:
        """End it in good order; nothing happens when it does not run."""

    def hurry(self) -> None:
        """End it at once, losing nothing that was saved."""

    async def wait(self) -> int:
        """Wait for its end and return the exit code, negative for the signal that ended it."""


class Pauses:
    """Give the pause before each new start: none after a steady run, then ever longer ones."""

    def __init__(self) -> None:
        self._next = 0.0

    def after_run_of(self, seconds: float) -> float:
        """Return the pause in seconds after a run of so many seconds."""
        if seconds >= STEADY_AFTER:
            self._next = 0.0
        pause, self._next = self._next, min(max(self._next * 2, FIRST_PAUSE), LONGEST_PAUSE)
        return pause


class Supervisor:
    """Start parts in order, start again those that end by themselves, and stop all at the end of the `async with`.

    Parts started later may use those started earlier, so they are stopped in waves: last wave first.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._waves: list[Sequence[Part]] = []
        self._watchers: list[asyncio.Task[None]] = []

    async def start(self, *parts: Part) -> None:
        """Start parts that do not need each other, one line of progress each."""
        self._waves.append(parts)
        for part in parts:
            async with self._progress.step(part.name, done=part.started):
                await part.start()
            self._watchers.append(asyncio.create_task(self._keep_running(part), name=f"keep {part.name} running"))

    def hurry(self) -> None:
        """Cut a stop short."""
        for wave in self._waves:
            for part in wave:
                part.hurry()

    async def stop(self) -> None:
        """Stop all parts; the first failure is raised after every part was tried."""
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        self._watchers.clear()
        failures: list[BaseException] = []
        while self._waves:
            results = await asyncio.gather(*(part.stop() for part in self._waves[-1]), return_exceptions=True)
            self._waves.pop()
            failures += [result for result in results if isinstance(result, BaseException)]
        if failures:
            raise failures[0]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        stopping = asyncio.ensure_future(self.stop())
        with suppress(asyncio.CancelledError):  # being asked to stop once more must not leave a part behind
            await asyncio.shield(stopping)
        await stopping

    async def _keep_running(self, part: Part) -> None:
        pauses = Pauses()
        started = time.monotonic()
        while True:
            how = _describe(await part.wait())
            while True:
                pause = pauses.after_run_of(time.monotonic() - started)
                self._progress.note(f"{part.name} {how}; starting it again" + (f" in {pause:.1f} s" if pause else ""))
                await asyncio.sleep(pause)
                started = time.monotonic()
                try:
                    await part.start()
                except (EmbeddedError, OSError) as error:
                    how = f"did not start ({error})"
                else:
                    self._progress.note(f"{part.name} runs again")
                    break


def _describe(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
