"""Show a person what is being done and how long it takes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, TextIO

CLEAR_LINE: Final = "\r\x1b[K"
TICK: Final = 0.1
PATIENCE: Final = 10.0  # seconds between signs of life where a line cannot be rewritten
NAME_WIDTH: Final = 12


class Progress:
    """Write one line per step: in a terminal it counts the seconds, elsewhere it appears when the step is done."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rewrites = stream.isatty()

    def say(self, line: str) -> None:
        """Write a line; a reader who went away is no reason to stop."""
        self._write(f"{CLEAR_LINE if self._rewrites else ''}{line}\n")

    def note(self, line: str) -> None:
        """Write a line of the time while the service runs."""
        self.say(f"{time.strftime('%H:%M:%S')} {line}")

    @asynccontextmanager
    async def step(self, name: str, done: str = "ready") -> AsyncIterator[None]:
        """Time a step; its line ends with `done` and the seconds, or with `failed`."""
        started = time.monotonic()
        ticker = asyncio.create_task(self._tick(name, started))
        outcome = "failed"
        try:
            yield
            outcome = done
        except asyncio.CancelledError:
            outcome = "stopped"
            raise
        finally:
            ticker.cancel()
            with suppress(asyncio.CancelledError):
                await ticker
            lead = CLEAR_LINE if self._rewrites else ""
            self._write(f"{lead}{_line(name, outcome, time.monotonic() - started)}\n")

    async def _tick(self, name: str, started: float) -> None:
        while True:
            if self._rewrites:
                self._write(f"{CLEAR_LINE}{_line(name, '...', time.monotonic() - started)}")
            await asyncio.sleep(TICK if self._rewrites else PATIENCE)
            if not self._rewrites:
                self._write(f"{_line(name, '...', time.monotonic() - started)}\n")

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def _line(name: str, state: str, seconds: float) -> str:
    return f"  {name:<{NAME_WIDTH}} {state:<8} {seconds:5.1f} s"
