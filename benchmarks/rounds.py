"""Interleaved rounds: all contenders wait, and each in turn measures a short batch when it is told."""

import asyncio
import os
import random
import statistics
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from benchmarks.figures import Lane, Measurements, Sample
from benchmarks.processes import WorkerProcess

AGREEMENT = 0.08  # how far the reference request may differ before and after a batch
DRIFT = 1.25  # how much slower than usual it may be
TRIES = 3  # for one batch in a round, until the round is discarded for its lane

Progress = Callable[[str], None]


async def measure(
    lanes: Sequence[Lane],
    *,
    rounds: int,
    passes: int,
    milliseconds: float,
    slowdown: Mapping[str, float],
    progress: Progress,
) -> Measurements:
    """Measure lanes in turn, in an order that is drawn for each round.

    Args:
        lanes: who is measured on what.
        rounds: how often in each pass.
        passes: how often processes are started anew, since where things lie in memory matters too.
        milliseconds: how long a batch takes.
        slowdown: percent of a bare route by which a contender is slowed down on purpose.
        progress: told what is going on.
    """
    measured = Measurements()
    chance = random.Random(0)
    for number in range(passes):
        part = f"pass {number + 1} of {passes}: " if passes > 1 else ""
        async with AsyncExitStack() as running:
            workers = await _start(lanes, slowdown, running)
            measured.titles |= await _prepare(lanes, workers, milliseconds, lambda text, p=part: progress(p + text))  # type: ignore[misc]
            usual: dict[str, deque[float]] = {name: deque(maxlen=40) for name in workers}
            for each in range(rounds):
                progress(f"{part}round {each + 1} of {rounds}")
                for lane in chance.sample(lanes, len(lanes)):
                    sample = await _sample(workers[lane.contender], lane, usual[lane.contender])
                    measured.add(lane, sample)
                    measured.discarded += sample is None
    return measured


async def _start(
    lanes: Iterable[Lane], slowdown: Mapping[str, float], running: AsyncExitStack
) -> dict[str, WorkerProcess]:
    workers: dict[str, WorkerProcess] = {}
    for name in dict.fromkeys(lane.contender for lane in lanes):
        workers[name] = WorkerProcess(name, slowdown=slowdown.get(name, 0))
        running.push_async_callback(workers[name].stop)
        await workers[name].start()
    return workers


async def _prepare(
    lanes: Sequence[Lane], workers: Mapping[str, WorkerProcess], milliseconds: float, progress: Progress
) -> dict[str, str]:
    """Let every contender build its applications and prove that they do the same work; return their titles."""
    free = asyncio.Semaphore(os.cpu_count() or 1)
    titles: dict[str, str] = {}
    done = 0

    async def prepare(name: str) -> None:
        nonlocal done
        for graph in [lane.graph for lane in lanes if lane.contender == name]:
            async with free:
                answer = await workers[name].ask("prepare", graph=graph, milliseconds=milliseconds)
            titles[name] = answer["title"]
            done += 1
            progress(f"{done} of {len(lanes)} applications ready, with equal work")

    async with asyncio.TaskGroup() as together:
        for name in workers:
            together.create_task(prepare(name))
    return titles


async def _sample(worker: WorkerProcess, lane: Lane, usual: deque[float]) -> Sample | None:
    for _ in range(TRIES):
        answer = await worker.ask("batch", graph=lane.graph)
        before, after = answer["before"]["processor"], answer["after"]["processor"]
        bare = (before + after) / 2
        usual.append(bare)
        if abs(before - after) <= AGREEMENT * bare and bare <= DRIFT * statistics.median(usual):
            return _sample_of(answer, bare)
    return None


def _sample_of(answer: Mapping[str, Any], bare: float) -> Sample:
    wall = (answer["before"]["wall"] + answer["after"]["wall"]) / 2
    return Sample(bare, answer["subject"]["processor"] - bare, answer["subject"]["wall"] - wall)
