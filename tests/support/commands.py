"""Run `aurastream` commands as a person would: as processes of their own, with nothing set but the data folder."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty, Queue
from typing import Final, TypeVar

import psutil

T = TypeVar("T")

CHECKOUT: Final = Path(__file__).resolve().parents[2]
PATIENCE: Final = 120.0  # seconds; a busy machine is no failure


class Command:
    """A running command: its lines as they come, and every process that works for it."""

    def __init__(self, folder: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self._queue: Queue[str | None] = Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "backend.cli", *arguments],
            cwd=folder,  # no .env here
            env={**environment(folder), **(settings or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """Return everything written so far."""
        return "\n".join(self.lines)

    def until(self, pattern: str) -> re.Match[str]:
        """Wait for a line and return its match."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"no line matched {pattern!r} in time:\n{self.output}") from None
            if line is None:
                raise AssertionError(f"the command ended with {self.wait()} before {pattern!r}:\n{self.output}")
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Kill the command itself, and nothing else."""
        self.process.kill()
        self.wait()

    def wait(self) -> int:
        """Wait for the end and return the exit code."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        while (line := self._next()) is not None:
            self.lines.append(line)
        return code

    def part(self, wanted: str) -> psutil.Process:
        """Return the child whose command line holds `wanted`, waiting for it if need be."""
        return wait_for(lambda: next((child for child in self.parts() if wanted in _command_line(child)), None))

    def parts(self) -> list[psutil.Process]:
        """Return all processes that work for the command."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def close(self) -> None:
        """End whatever still runs."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def _read(self) -> None:
        if self.process.stdout:
            for line in self.process.stdout:
                self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def _next(self) -> str | None:
        try:
            return self._queue.get_nowait()
        except Empty:
            return None


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which nothing of AuraStream is set but the data folder."""
    inherited = os.environ  # noqa: TID251 - handed on, not read
    kept = {name: inherited[name] for name in ("PATH", "HOME", "TMPDIR") if name in inherited}
    return kept | {"AURASTREAM_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(CHECKOUT)}


def wait_for(look: Callable[[], T | None]) -> T:
    """Look again and again until there is something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError("what was waited for did not come")


def processes_in(folder: Path) -> list[psutil.Process]:
    """Return the processes that work in a data folder or were started for it."""
    found = []
    for process in psutil.process_iter():
        try:
            if (
                str(folder)
                in f"{process.cwd()} {_command_line(process)} {process.environ().get('AURASTREAM_DATA_DIR')}"
            ):
                found.append(process)
        except psutil.Error:
            continue
    return found


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
