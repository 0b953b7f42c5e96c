"""Instructions instead of time: callgrind counts them the same on every machine, however busy."""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.figures import Lane
from benchmarks.processes import WorkerError, WorkerProcess
from benchmarks.rounds import Progress
from benchmarks.targets import BARE

REQUESTS = 20  # counted are this many and twice as many; the difference has no share of what surrounds them


def can_count() -> bool:
    """Whether valgrind is installed."""
    return shutil.which("valgrind") is not None and shutil.which("vgdb") is not None


async def count(lanes: Iterable[Lane], slowdown: Mapping[str, float], progress: Progress) -> dict[Lane, float]:
    """Return the instructions of a request over the bare route for each lane, and of the bare route itself."""
    graphs: dict[str, list[str]] = {}
    for lane in dict.fromkeys(lanes):
        graphs.setdefault(lane.contender, []).append(lane.graph)
    free = asyncio.Semaphore(os.cpu_count() or 1)
    counted: dict[Lane, float] = {}

    async def count_one(name: str) -> None:
        async with free:
            progress(f"counting instructions of {name}")
            counted.update(await _count(name, graphs[name], slowdown.get(name, 0)))

    async with asyncio.TaskGroup() as together:
        for name in graphs:
            together.create_task(count_one(name))
    return counted


async def _count(name: str, graphs: list[str], slowdown: float) -> dict[Lane, float]:
    with tempfile.TemporaryDirectory() as folder:
        valgrind = Callgrind(Path(folder))
        worker = WorkerProcess(name, slowdown=slowdown, under=valgrind.command)
        await worker.start()
        try:
            for graph in graphs:
                await worker.ask("prepare", graph=graph, milliseconds=0)
            await valgrind.tell(worker, "instrumentation", "on")
            bare = await _per_request(valgrind, worker, "bare")
            over = {Lane(name, graph): await _per_request(valgrind, worker, graph) - bare for graph in graphs}
        finally:
            await worker.stop()
    return over | {BARE: bare}


async def _per_request(valgrind: "Callgrind", worker: WorkerProcess, graph: str) -> float:
    totals = []
    for requests in (REQUESTS, REQUESTS, 2 * REQUESTS):  # the first warms valgrind's own caches up
        await valgrind.tell(worker, "zero")
        await worker.ask("send", graph=graph, requests=requests)
        totals.append(await valgrind.dump(worker))
    return (totals[2] - totals[1]) / REQUESTS


class Callgrind:
    """Runs a process and counts what it executes between two commands."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._prefix = f"--vgdb-prefix={folder / 'vgdb'}"
        self._dumps = 0

    @property
    def command(self) -> list[str]:
        """What goes before the command that is counted."""
        output = f"--callgrind-out-file={self._folder / 'out'}"
        return ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", self._prefix, output]

    async def tell(self, worker: WorkerProcess, *command: str) -> None:
        """Give valgrind a command.

        Raises:
            WorkerError: it did not take it.
        """
        vgdb = await asyncio.create_subprocess_exec(
            *("vgdb", self._prefix, f"--pid={worker.pid}", *command),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await vgdb.communicate()
        if vgdb.returncode != 0:
            raise WorkerError(worker.contender, f"valgrind refused {command}: {said.decode()}")

    async def dump(self, worker: WorkerProcess) -> int:
        """Return how many instructions were executed since the last "zero"."""
        await self.tell(worker, "dump")
        self._dumps += 1
        found = re.search(r"^(?:totals|summary): (\d+)", self._output(), re.MULTILINE)
        if found is None:
            raise WorkerError(worker.contender, "valgrind wrote no total")
        return int(found[1])

    def _output(self) -> str:
        path = self._folder / f"out.{self._dumps}"
        text = path.read_text()
        path.unlink()
        return text
