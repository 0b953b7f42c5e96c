"""Work after the answer."""

import asyncio

import pytest

from backend.services.background import BackgroundWork, BacklogFull


async def test_work_is_done_by_the_end() -> None:
    done: list[int] = []
    work = BackgroundWork()

    async def append(number: int) -> None:
        await asyncio.sleep(0)
        done.append(number)

    for number in range(50):
        work.submit("append", lambda number=number: append(number))  # type: ignore[misc]  # binds the loop's value
    await work.close()

    assert sorted(done) == list(range(50))


async def test_a_failure_ends_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    done = asyncio.Event()
    work = BackgroundWork()

    async def fail() -> None:
        raise RuntimeError

    async def succeed() -> None:
        done.set()

    work.submit("fail", fail)
    work.submit("succeed", succeed)
    await work.drain()

    assert done.is_set()
    assert caplog.messages == ["background_work_failed"]


async def test_few_things_run_at_once() -> None:
    work, gate = BackgroundWork(), asyncio.Event()
    running = 0
    most = 0

    async def run() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1

    for _ in range(30):
        work.submit("run", run)
    for _ in range(100):
        await asyncio.sleep(0)
    gate.set()
    await work.drain()

    assert most == 8


async def test_backlog_is_bounded() -> None:
    work, gate = BackgroundWork(), asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    for _ in range(1000):
        work.submit("wait", wait)
    with pytest.raises(BacklogFull):
        work.submit("wait", wait)
    gate.set()
    await work.drain()


async def test_work_that_does_not_end_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    work = BackgroundWork(patience=0.01)
    ended = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    work.submit("hang", hang)
    await work.close()

    assert ended.is_set()
    assert caplog.messages == ["background_work_abandoned"]
