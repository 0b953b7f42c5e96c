"""Start, watch and stop one operating system process that must never outlive its parent."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.embedded.account import Account

LAUNCHER: Final = Path(__file__).with_name("launch.py")
SERVER_ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a stop: a signal and how long to wait for it to work, in seconds."""

    signal: signal.Signals
    wait: float


class ServerProcess:
    """One child in a session of its own: Ctrl-C in the terminal does not reach it, the death of the parent does.

    It is watched by a thread, so it may be started on one event loop and stopped on another. Start it from a thread
    that lives on: the kernel counts the end of the starting thread as the death of the parent. Without a `log`, it
    writes where the parent writes.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path | None,
        log: Path | None,
        on_parent_death: signal.Signals,
        account: Account | None = None,
        environment: Mapping[str, str] = SERVER_ENVIRONMENT,
        keep_open: Sequence[int] = (),
    ) -> None:
        uid, gid = (account.uid, account.gid) if account and account.switched else (-1, -1)
        numbers = (os.getpid(), int(on_parent_death), uid, gid)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600) if log else None
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - every argument is ours
                [sys.executable, "-I", "-S", str(LAUNCHER), *map(str, numbers), *command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=environment,
                pass_fds=keep_open,
            )
        finally:
            if output is not None:
                os.close(output)
        self.pid = self._popen.pid
        self.exited: Future[int] = Future()
        threading.Thread(target=self._watch, name=f"watch-{self.pid}", daemon=True).start()

    @property
    def running(self) -> bool:
        """Tell whether the process has not ended."""
        return not self.exited.done()

    async def wait(self) -> int:
        """Wait for the end and return the exit code (negative: the signal that ended it)."""
        return await asyncio.shield(asyncio.wrap_future(self.exited))

    async def stop(self, steps: Sequence[Step]) -> None:
        """Ask ever more firmly until the process has ended."""
        for step in steps:
            if not self.running:
                return
            self.send(step.signal)
            try:
                await asyncio.wait_for(self.wait(), step.wait)
            except TimeoutError:
                continue

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self.running:
            self._popen.send_signal(number)

    def _watch(self) -> None:
        self.exited.set_result(self._popen.wait())
