"""End servers that an earlier supervisor, killed without a chance to tidy up, left behind in a folder."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from backend.embedded.process import Step

POLL = 0.05


def pid_in(pid_file: Path) -> int | None:
    """Return the pid a server's pid file begins with."""
    try:
        return int(pid_file.read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None


async def end_leftover(pid_file: Path, folder: Path, steps: Sequence[Step]) -> None:
    """End the process a pid file names, if it is a server working in `folder`, and wait until it is gone.

    A pid alone proves nothing, since pids are used again: what counts is that the process works in that folder.
    """
    process = _find(pid_file, folder)
    if process is None:
        return
    for step in steps:
        try:
            process.send_signal(step.signal)
        except psutil.NoSuchProcess:
            return
        deadline = time.monotonic() + step.wait
        while time.monotonic() < deadline:
            if _is_gone(process):
                return
            await asyncio.sleep(POLL)


def _find(pid_file: Path, folder: Path) -> psutil.Process | None:
    pid = pid_in(pid_file)
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        return process if Path(process.cwd()) == folder.resolve() else None
    except psutil.Error:
        return None


def _is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
