"""The worker processes, as the driver sees them."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any


class WorkerError(Exception):
    """A worker ended, or could not do what it was told."""

    def __init__(self, contender: str, what: str) -> None:
        super().__init__(f"{contender}: {what}")


class WorkerProcess:
    """One contender's process; it does nothing unless it is asked.

    Args:
        contender: its name in `CONTENDERS`.
        slowdown: percent of a bare route by which its requests are slowed down on purpose.
        under: a command that runs it, such as valgrind.
    """

    def __init__(self, contender: str, *, slowdown: float = 0, under: Sequence[str] = ()) -> None:
        self.contender = contender
        self._command = [*under, sys.executable, "-m", "benchmarks.worker", contender, str(slowdown)]
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process; hashing is the same in all of them, so that runs can be compared."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": "0"},  # noqa: TID251 - handed on, not read
        )

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._process is not None
        return self._process.pid

    async def ask(self, do: str, **arguments: Any) -> Mapping[str, Any]:
        """Have something done, and return the answer.

        Raises:
            WorkerError: it failed.
        """
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        line = await process.stdout.readline()
        if not line:
            raise WorkerError(self.contender, f"ended with {await process.wait()} when asked to {do} {arguments}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(self.contender, f"{do} {arguments}: {answer['error']}")
        return answer

    async def stop(self) -> None:
        """End the process."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:  # a thread of a library may hang for ever
            process.kill()
            await process.wait()
