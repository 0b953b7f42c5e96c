"""Parts that end by themselves, refuse to start or refuse to stop."""

import asyncio
import io
from collections.abc import Callable

import pytest

from backend.embedded.errors import EmbeddedError
from backend.embedded.progress import Progress
from backend.embedded.supervisor import LONGEST_PAUSE, Pauses, Supervisor


class Part:
    """A part that does as told and notes what was asked of it."""

    started = "ready"

    def __init__(self, name: str, events: list[str], fails: Callable[[int], bool] = lambda _: False) -> None:
        self.name = name
        self._events = events
        self._fails = fails
        self._starts = 0
        self.end = asyncio.Event()

    async def start(self) -> None:
        self._starts += 1
        self._events.append(f"start {self.name}")
        if self._fails(self._starts):
            raise EmbeddedError("no")
        self.end = asyncio.Event()

    async def stop(self) -> None:
        self._events.append(f"stop {self.name}")
        if self.name == "stubborn":
            raise EmbeddedError("will not stop")
        self.end.set()

    def hurry(self) -> None:
        self._events.append(f"hurry {self.name}")
        self.end.set()

    async def wait(self) -> int:
        await self.end.wait()
        return -9


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is written has no event
            await asyncio.sleep(0)


async def start_and_stop(*parts: Part) -> None:
    """Start one part after the other, then stop them all."""
    async with Supervisor(Progress(io.StringIO())) as supervisor:
        for part in parts:
            await supervisor.start(part)


async def test_parts_started_last_are_stopped_first() -> None:
    events: list[str] = []
    await start_and_stop(Part("database", events), Part("server", events))
    assert events == ["start database", "start server", "stop server", "stop database"]


async def test_part_that_ended_is_started_again() -> None:
    events: list[str] = []
    lines = io.StringIO()
    part = Part("worker", events)
    async with Supervisor(Progress(lines)) as supervisor:
        await supervisor.start(part)
        part.end.set()
        await until(lambda: events.count("start worker") == 2)
    assert "worker was ended by SIGKILL; starting it again" in lines.getvalue()


async def test_part_that_does_not_start_again_at_first_is_tried_again() -> None:
    events: list[str] = []
    lines = io.StringIO()
    part = Part("worker", events, fails=lambda start: start == 2)
    async with Supervisor(Progress(lines)) as supervisor:
        await supervisor.start(part)
        part.end.set()
        await until(lambda: events.count("start worker") == 3)
    assert "worker did not start (no)" in lines.getvalue()


async def test_failed_first_start_stops_what_runs_and_is_raised() -> None:
    events: list[str] = []
    with pytest.raises(EmbeddedError, match="no"):
        await start_and_stop(Part("database", events), Part("server", events, fails=lambda _: True))
    assert events[-1] == "stop database"


async def test_part_that_will_not_stop_keeps_no_other_from_stopping() -> None:
    events: list[str] = []
    with pytest.raises(EmbeddedError, match="will not stop"):
        await start_and_stop(Part("database", events), Part("stubborn", events))
    assert events[-1] == "stop database"


async def test_part_is_not_started_again_while_stopping() -> None:
    events: list[str] = []
    async with Supervisor(Progress(io.StringIO())) as supervisor:
        await supervisor.start(Part("worker", events))
        supervisor.hurry()
    assert events == ["start worker", "hurry worker", "stop worker"]


def test_pauses_grow_up_to_a_limit() -> None:
    pauses = Pauses()
    given = [pauses.after_run_of(1) for _ in range(10)]
    assert given[:4] == [0.0, 0.5, 1.0, 2.0]
    assert given[-1] == LONGEST_PAUSE


def test_steady_run_forgives_earlier_ends() -> None:
    pauses = Pauses()
    for _ in range(5):
        pauses.after_run_of(1)
    assert pauses.after_run_of(3600) == 0.0


async def test_progress_fits_eighty_columns_and_tells_the_time() -> None:
    lines = io.StringIO()
    async with Progress(lines).step("PostgreSQL"):
        pass
    line = lines.getvalue().rstrip("\n")
    assert len(line) <= 80
    assert line.split() == ["PostgreSQL", "ready", "0.0", "s"]


async def test_failed_step_says_so() -> None:
    lines = io.StringIO()
    with pytest.raises(EmbeddedError):
        async with Progress(lines).step("PostgreSQL"):
            raise EmbeddedError("no")
    assert "failed" in lines.getvalue()


async def test_terminal_line_is_rewritten() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    async with Progress(terminal).step("PostgreSQL"):
        await until(lambda: "..." in terminal.getvalue())
    assert terminal.getvalue().count("\n") == 1


def test_reader_who_went_away_stops_nothing() -> None:
    Progress(ClosedWindow()).say("AuraStream is ready")


class ClosedWindow(io.StringIO):
    """A terminal whose window was closed."""

    def write(self, text: str, /) -> int:
        raise BrokenPipeError
