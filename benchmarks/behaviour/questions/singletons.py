"""Singletons: built once, whoever asks and whoever gives up, and closed in order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from benchmarks.behaviour.answers import YES, Answer, Library, Section, no, partly
from benchmarks.behaviour.client import Exchange, Running, let_others_run, running
from benchmarks.behaviour.routes import Route
from benchmarks.behaviour.workload import Journal, Part, Registration, Slow

SINGLETONS = Section("Singletons")
ROUNDS = 20  # who is told of a cancellation may be a matter of chance; a library is as good as its worst round
PATIENCE = 2.0  # seconds after which a request that waits for something lost counts as hanging


class _Gate:
    """Lets the test decide when the slow singleton is finished."""

    def __init__(self) -> None:
        self.builds = 0
        self.begun = asyncio.Event()
        self.open = asyncio.Event()

    async def build(self) -> Slow:
        self.builds += 1
        self.begun.set()
        await self.open.wait()
        return Slow()

    def graph(self) -> list[Registration]:
        async def build_slow() -> Slow:
            return await self.build()

        return [Registration(Slow, build_slow, "singleton", lazy=True)]


async def _route(slow: Slow) -> str:
    return "ok"


async def _begin(client: Running, gate: _Gate) -> "asyncio.Task[Exchange] | Answer":
    """Send the first request and wait until it builds."""
    first = asyncio.ensure_future(client.get("/"))
    begun = asyncio.ensure_future(gate.begun.wait())
    await asyncio.wait([first, begun], return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
    begun.cancel()
    if gate.begun.is_set():
        return first
    error = first.result().error if first.done() else None
    return no(f"an asynchronous singleton cannot be injected: {type(error).__name__}")


@SINGLETONS.question("Parallel first requests build an asynchronous singleton once")
async def single_flight(library: Library) -> Answer:
    gate = _Gate()
    made = library.build(gate.graph(), [Route("/", _route)])
    async with running(made.app, Journal()) as client:
        first = await _begin(client, gate)
        if isinstance(first, Answer):
            return first
        others = [asyncio.ensure_future(client.get("/")) for _ in range(7)]
        await let_others_run()
        gate.open.set()
        exchanges = await asyncio.gather(first, *others)
    if gate.builds != 1:
        return no(f"8 requests built it {gate.builds} times")
    failed = sum(exchange.status != 200 for exchange in exchanges)
    return YES if not failed else no(f"it was built once, but {failed} of 8 requests failed")


@SINGLETONS.question("Cancelling the request that builds it harms neither those who wait nor those who come later")
async def cancelled_builder(library: Library) -> Answer:
    for _ in range(ROUNDS):
        found = await _cancel_builder(library)
        if found.verdict != "yes":
            return found
    return YES


async def _cancel_builder(library: Library) -> Answer:
    gate = _Gate()
    made = library.build(gate.graph(), [Route("/", _route)])
    async with running(made.app, Journal()) as client:
        first = await _begin(client, gate)
        if isinstance(first, Answer):
            return first
        waiting = asyncio.ensure_future(client.get("/"))
        await let_others_run()
        first.cancel()
        await let_others_run()
        gate.open.set()
        waited = await _in_time(waiting)
        later = await _in_time(asyncio.ensure_future(client.get("/")))
    if waited == later == "ok":
        return YES
    if later == "ok":
        return partly(f"a later request got it, one that waited meanwhile {waited}")
    return no(f"a later request {later}")


async def _in_time(request: "asyncio.Task[Exchange]") -> str:
    done, _ = await asyncio.wait([request], timeout=PATIENCE)
    if not done:
        request.cancel()
        return "hangs"
    if request.cancelled():
        return "was cancelled"
    exchange = request.result()
    return "ok" if exchange.status == 200 else f"failed with {type(exchange.error).__name__}"


class First(Part):
    """Needs nothing."""


class Second(Part):
    """Needs the first."""

    def __init__(self, first: First) -> None:
        self.first = first


class Third(Part):
    """Needs the second."""

    def __init__(self, second: Second) -> None:
        self.second = second


def _closing(journal: Journal, failing: set[str]) -> list[Registration]:
    def close(name: str) -> None:
        journal.note(name)
        if name in failing:
            raise ConnectionError(name)

    async def open_first() -> AsyncIterator[First]:
        try:
            yield First()
        finally:
            close("first")

    async def open_second(first: First) -> AsyncIterator[Second]:
        try:
            yield Second(first)
        finally:
            close("second")

    async def open_third(second: Second) -> AsyncIterator[Third]:
        try:
            yield Third(second)
        finally:
            close("third")

    def open_first_sync() -> Iterator[First]:
        try:
            yield First()
        finally:
            close("first")

    def open_second_sync(first: First) -> Iterator[Second]:
        try:
            yield Second(first)
        finally:
            close("second")

    def open_third_sync(second: Second) -> Iterator[Third]:
        try:
            yield Third(second)
        finally:
            close("third")

    makers: list[tuple[type, Callable[..., Any], Callable[..., Any]]] = [
        (First, open_first, open_first_sync),
        (Second, open_second, open_second_sync),
        (Third, open_third, open_third_sync),
    ]
    return [Registration(key, make, "singleton", sync_make) for key, make, sync_make in makers]


@SINGLETONS.question("At stop they close in reverse order, all of them, and every error is raised")
async def closing(library: Library) -> Answer:
    order, _ = await _stop(library, set())
    if order != ["third", "second", "first"]:
        return no(f"closed were, in this order: {', '.join(order)}" if order else "none was closed")
    order, raised = await _stop(library, {"third", "second"})
    if len(order) < 3:
        return partly(f"in that order, but the first error keeps the rest open (closed were: {', '.join(order)})")
    names = {str(error) for error in _leaves(raised)} if raised is not None else set()
    if {"third", "second"} <= names:
        return YES
    return partly(f"in that order and all of them, but of two errors {len(names & {'third', 'second'})} was raised")


async def _stop(library: Library, failing: set[str]) -> tuple[list[str], BaseException | None]:
    """Use and stop an application; return which singletons were closed in what order, and what that raised."""
    journal = Journal()

    async def route(third: Third) -> str:
        return "ok"

    made = library.build(_closing(journal, failing), [Route("/", route)])
    raised: BaseException | None = None
    try:
        async with running(made.app, journal) as client:
            await client.get("/")
            journal.events.clear()
    except Exception as error:
        raised = error
    return [event for event in journal.events if event in {"first", "second", "third"}], raised


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error
