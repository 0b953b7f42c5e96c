"""Promise B2 for the work that a cancellation must not interrupt: its time limits, its failures, and who begins it."""

import asyncio
import gc
import sys
import weakref
from collections.abc import AsyncIterator

import pytest

from di import Container, Scope
from di._shielding import ShieldedWork, SpareTask


class Session: ...


@pytest.fixture
def container(log: list[str]) -> Container:
    async def open_session() -> AsyncIterator[Session]:
        yield Session()
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            log.append("gave up")
        await asyncio.sleep(0)
        log.append("closed")

    container = Container()
    container.scoped(Session, open_session)
    return container


async def test_b2_a_time_limit_inside_a_teardown_ends_what_it_limits_and_nothing_else(
    container: Container, log: list[str]
) -> None:
    async with container.scope() as scope:
        await scope.resolve(Session)
    assert log == ["gave up", "closed"]


async def test_b2_a_scope_can_begin_to_close_in_a_callback_of_the_loop(container: Container, log: list[str]) -> None:
    """There no task is running that the teardown could be taken for a part of."""
    scope = container.scope()
    await scope.resolve(Session)
    begun: asyncio.Future[ShieldedWork[list[BaseException]]] = asyncio.get_running_loop().create_future()

    def close(scope: Scope) -> None:
        work = scope.begin_to_close()
        assert work is not None
        begun.set_result(work)

    asyncio.get_running_loop().call_soon(close, scope)
    await scope.go_on_closing(await begun)
    assert log == ["gave up", "closed"]


@pytest.mark.parametrize("waits", [False, True])
async def test_b2_work_that_raises_tells_who_waits_for_it(waits: bool) -> None:
    async def fail() -> None:
        if waits:
            await asyncio.sleep(0)
        raise OSError("would not close")

    work = ShieldedWork(fail(), asyncio.get_running_loop())
    assert (work.task is not None) is waits
    with pytest.raises(OSError, match="would not close"):
        await work


@pytest.mark.parametrize("fails", [False, True])
async def test_b2_who_waits_for_work_and_is_cancelled_again_and_again_hears_of_it_when_the_work_has_ended(
    fails: bool, log: list[str]
) -> None:
    going_on = asyncio.Event()

    async def write() -> None:
        await going_on.wait()
        log.append("written")
        if fails:
            raise OSError("would not write")

    work = ShieldedWork(write(), asyncio.get_running_loop())

    async def wait() -> None:
        try:
            await work
        except asyncio.CancelledError as error:
            log.append(f"cancelled, {error}")
            raise

    waiting = asyncio.create_task(wait())
    for reason in ("in vain", "once more", "for the last time"):
        await asyncio.sleep(0)
        waiting.cancel(reason)
    await asyncio.sleep(0)
    assert (log, waiting.done()) == ([], False)
    going_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert log == ["written", "cancelled, for the last time"]
    if fails:
        with pytest.raises(OSError, match="would not write"):
            work.result()


async def test_b2_a_teardown_that_is_cancelled_waits_for_one_inside_it_all_the_same(log: list[str]) -> None:
    going_on = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def write() -> None:
        await going_on.wait()
        log.append("written")

    async def write_and_tell() -> None:
        await ShieldedWork(write(), loop)
        log.append("told")

    work = ShieldedWork(write_and_tell(), loop)
    assert work.task is not None
    for _ in range(3):
        work.task.cancel()
        await asyncio.sleep(0)
    assert not work.task.done()
    going_on.set()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert log == ["written"]


async def test_b2_a_task_that_somebody_kept_stands_for_no_other_teardown() -> None:
    kept = []

    async def keep() -> None:
        kept.append(asyncio.current_task())

    async def look() -> None:
        assert asyncio.current_task() not in kept

    loop, spare = asyncio.get_running_loop(), SpareTask()
    ShieldedWork(keep(), loop, spare).result()
    ShieldedWork(look(), loop, spare).result()
    reference = weakref.ref(kept[0])
    kept.clear()
    gc.collect()
    assert reference() is None


async def test_b2_the_task_of_a_teardown_is_a_task_from_its_first_step_on() -> None:
    ended: list[object] = []

    async def ask() -> None:
        task = asyncio.current_task()
        assert task is not None
        assert task.get_loop() is asyncio.get_running_loop()
        task.add_done_callback(ended.append)

    loop, spare = asyncio.get_running_loop(), SpareTask()
    assert ShieldedWork(ask(), loop, spare).task is None
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(ended) == 1


@pytest.mark.parametrize("steps", [1, 2])
async def test_b2_a_teardown_that_cancels_its_own_task_is_cancelled_where_it_waits(steps: int) -> None:
    seen: list[int] = []

    async def give_up() -> None:
        task = asyncio.current_task()
        assert task is not None
        for step in range(1, 4):
            if step == steps:
                task.cancel()
            await asyncio.sleep(0)
            seen.append(step)

    work = ShieldedWork(give_up(), asyncio.get_running_loop())
    assert work.task is not None
    with pytest.raises(asyncio.CancelledError):
        await work
    assert seen == list(range(1, steps))


async def test_b2_a_cancellation_of_the_first_wait_reaches_what_is_waited_for() -> None:
    inner = asyncio.get_running_loop().create_future()

    async def wait() -> None:
        await inner

    work = ShieldedWork(wait(), asyncio.get_running_loop())
    assert work.task is not None
    work.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert inner.cancelled()


async def test_b2_work_that_is_closed_ends_where_it_waits() -> None:
    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("here")

    work = ShieldedWork(wait(), asyncio.get_running_loop())
    work.close()
    assert ended == ["here"]
    assert work.task is not None
    work.task.cancel()
    with pytest.raises((asyncio.CancelledError, RuntimeError)):
        await work


async def test_b2_who_begins_a_teardown_is_the_current_task_again_while_it_goes_on(
    container: Container, log: list[str]
) -> None:
    task = asyncio.current_task()
    scope = container.scope()
    await scope.resolve(Session)
    work = scope.begin_to_close()
    assert asyncio.current_task() is task
    assert work is not None
    await scope.go_on_closing(work)
    assert log == ["gave up", "closed"]


async def test_b2_whoever_waits_for_the_task_of_work_that_ends_at_once_sees_it_end_well() -> None:
    ended: asyncio.Future[asyncio.Task[None]] = asyncio.get_running_loop().create_future()

    async def be_watched() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.add_done_callback(ended.set_result)

    work = ShieldedWork(be_watched(), asyncio.get_running_loop())
    assert work.task is None
    assert (await ended).exception() is None


without_eager_tasks = pytest.mark.skipif(sys.version_info >= (3, 12), reason="later releases have eager tasks")


@without_eager_tasks
async def test_g_a_task_that_stood_for_work_stands_for_the_next_unless_somebody_knows_it() -> None:
    loop, spare = asyncio.get_running_loop(), SpareTask()
    known: list[object] = []

    async def who() -> int:
        return id(asyncio.current_task())

    async def remember() -> None:
        task = asyncio.current_task()
        known.append(task and weakref.ref(task))

    first = ShieldedWork(who(), loop, spare).result()
    kept = spare.task
    assert id(kept) == first
    assert ShieldedWork(who(), loop, spare).result() == first
    assert spare.task is None  # this test still has it
    ShieldedWork(remember(), loop, spare).result()
    assert spare.task is None
    ShieldedWork(who(), loop, spare).result()
    assert spare.task is not None


@without_eager_tasks
async def test_g_a_spare_task_of_another_loop_is_left_alone() -> None:
    spare = SpareTask()

    async def end_at_once() -> None:
        ShieldedWork(loop_of_the_task(), asyncio.get_running_loop(), spare).result()

    async def loop_of_the_task() -> asyncio.AbstractEventLoop:
        task = asyncio.current_task()
        assert task is not None
        return task.get_loop()

    await asyncio.to_thread(lambda: asyncio.run(end_at_once()))
    here = asyncio.get_running_loop()
    assert ShieldedWork(loop_of_the_task(), here, spare).result() is here
