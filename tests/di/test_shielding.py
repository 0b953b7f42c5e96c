"""Promise B2 for the work that a cancellation must not interrupt: its time limits, its failures, and who begins it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from di import Container, Scope
from di._shielding import ShieldedWork


class Session: ...


@pytest.fixture
def log() -> list[str]:
    return []


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

    work = ShieldedWork(fail())
    assert work.done is not waits
    with pytest.raises(OSError, match="would not close"):
        await work.wait()


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
