"""Run a process of the application itself, such as the HTTP server or a job worker, as a supervised part."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from backend.embedded.errors import NotReadyInTime, NotStarted, Server, StoppedWhileStarting
from backend.embedded.logs import Log
from backend.embedded.process import ServerProcess, Step

START_LIMIT: Final = 120.0
POLL: Final = 0.05
GRACE: Final = 10.0


class ApplicationProcess:
    """A Python module run as a child with this process's environment and `settings` on top of it.

    Its output goes to `log`, or to the terminal when there is none. If the supervisor dies it is killed on the spot:
    its database connections die with it and open transactions roll back.
    """

    def __init__(
        self,
        server: Server,
        arguments: Sequence[str],
        *,
        settings: Mapping[str, str],
        log: Log | None,
        keep_open: Sequence[int] = (),
        is_ready: Callable[[], Awaitable[bool]] | None = None,
        grace: float = GRACE,
    ) -> None:
        self._server = server
        self._arguments = arguments
        self._settings = settings
        self._log = log
        self._keep_open = keep_open
        self._is_ready = is_ready
        self._stop = (Step(signal.SIGTERM, grace), Step(signal.SIGKILL, 5))
        self._process: ServerProcess | None = None

    @property
    def name(self) -> str:
        """Return the name people know it by."""
        return self._server

    @property
    def started(self) -> str:
        """Return what is known after a start: that it answers, if it can be asked."""
        return "ready" if self._is_ready else "started"

    @property
    def pid(self) -> int | None:
        """Return the pid of the running process."""
        return self._process.pid if self._process and self._process.running else None

    async def start(self) -> None:
        """Start the process and wait until it is ready."""
        if self._log:
            self._log.mark()
        self._process = ServerProcess(
            [sys.executable, "-m", *self._arguments],
            folder=None,
            log=self._log.path if self._log else None,
            on_parent_death=signal.SIGKILL,
            environment=os.environ | self._settings,  # noqa: TID251 - handed on, not read
            keep_open=self._keep_open,
        )
        try:
            if self._is_ready:
                await self._until(self._is_ready)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ask the process to end; it has `grace` seconds to finish what it does."""
        if self._process is not None:
            await self._process.stop(self._stop)

    def hurry(self) -> None:
        """Kill the process."""
        if self._process is not None:
            self._process.send(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait until the started process ends and return its exit code."""
        if self._process is None:
            raise NotStarted(self._server)
        return await self._process.wait()

    async def _until(self, is_ready: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + START_LIMIT
        while not await is_ready():
            if self.pid is None:
                raise StoppedWhileStarting(self._server, self._log_path, self._last_words())
            if time.monotonic() > deadline:
                raise NotReadyInTime(self._server, START_LIMIT, self._log_path, self._last_words())
            await asyncio.sleep(POLL)

    @property
    def _log_path(self) -> Path | None:
        return self._log.path if self._log else None

    def _last_words(self) -> str:
        return self._log.last_error() if self._log else ""
