"""Cancel work at each of its suspensions in turn, and look at what it leaves behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

Work = Callable[[], Coroutine[Any, Any, object]]


class Interruptions:
    """Counts the suspensions of every task that work starts, and cancels the work at one of them."""

    def __init__(self, cancel_at: int | None = None) -> None:
        self.suspensions = 0
        self.disturbed = False  # whether the work was still going on when it was to be cancelled
        self._cancel_at = cancel_at
        self._task: asyncio.Task[object] | None = None

    async def run(self, work: Work) -> BaseException | None:
        """Run work in a task of its own, wait for all tasks it has started, and return what it raised."""
        loop = asyncio.get_running_loop()
        before, others = loop.get_task_factory(), asyncio.all_tasks()
        loop.set_task_factory(lambda _, coroutine, **options: asyncio.Task(_Counted(coroutine, self.count), **options))
        self._task = asyncio.create_task(work())
        try:
            await asyncio.wait([self._task])
        finally:
            loop.set_task_factory(before)
        for task in asyncio.all_tasks() - others:
            await asyncio.wait([task])
        return asyncio.CancelledError() if self._task.cancelled() else self._task.exception()

    def count(self) -> None:
        """Notice a suspension."""
        self.suspensions += 1
        if self.suspensions == self._cancel_at and self._task is not None:
            self.disturbed = self._task.cancel()


class _Counted(Coroutine[Any, Any, Any]):
    """A coroutine whose suspensions are told."""

    def __init__(self, work: Coroutine[Any, Any, Any], suspended: Callable[[], None]) -> None:
        self._work = work
        self._suspended = suspended

    def send(self, value: Any) -> Any:
        waits_for = self._work.send(value)
        self._suspended()
        return waits_for

    def throw(self, error: Any, *further: Any) -> Any:
        waits_for = self._work.throw(error, *further)
        self._suspended()
        return waits_for

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._work.__await__()


async def at_each_suspension(prepare: Callable[[], Awaitable[tuple[Work, Callable[[], Awaitable[None]]]]]) -> int:
    """Prepare work, run it and judge it: once undisturbed, then once for each of its suspensions, cancelled there.

    `prepare()` returns the work, and the judgement over what it left. Returns how many suspensions there are.
    """
    doing, judge = await prepare()
    undisturbed = Interruptions()
    assert await undisturbed.run(doing) is None
    await judge()
    for number in range(1, undisturbed.suspensions + 1):
        doing, judge = await prepare()
        interruptions = Interruptions(number)
        ended = await interruptions.run(doing)
        cancelled = isinstance(ended, asyncio.CancelledError)
        assert cancelled is interruptions.disturbed, f"cancelled at suspension {number}, it ended with {ended!r}"
        await judge()
    return undisturbed.suspensions


class Resource:
    """Something that is opened and closed, and what it needs meanwhile."""

    def __init__(self, *needs: "Resource") -> None:
        self.needs = needs
        self.outcomes: list[str] = []

    def __repr__(self) -> str:
        return type(self).__name__


R = TypeVar("R", bound=Resource)


class Ledger:
    """Every resource that came to be, in order, and what went wrong with it."""

    def __init__(self) -> None:
        self.opened: list[Resource] = []
        self.open: list[Resource] = []
        self.complaints: list[str] = []

    @asynccontextmanager
    async def lasts(self, resource: R) -> AsyncIterator[R]:
        """Open a resource, with a suspension before and after, and close it with one before and after."""
        await asyncio.sleep(0)
        with self.lasts_at_once(resource):
            try:
                await asyncio.sleep(0)
                yield resource
            finally:
                await asyncio.sleep(0)
        await asyncio.sleep(0)

    @contextmanager
    def lasts_at_once(self, resource: Resource) -> Iterator[None]:
        """Open and close a resource without a suspension."""
        self.opened.append(resource)
        self.open.append(resource)
        try:
            yield
        except BaseException as error:
            resource.outcomes.append(type(error).__name__)
            raise
        else:
            resource.outcomes.append("well")
        finally:
            holders = [each for each in self.open if resource in each.needs]
            if holders:
                self.complaints.append(f"{resource} closed before {holders}")
            if resource not in self.open:
                self.complaints.append(f"{resource} closed twice")
            else:
                self.open.remove(resource)
