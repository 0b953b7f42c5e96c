"""Work that a cancellation must not interrupt runs in a task of its own, for which often nobody has to wait."""

import asyncio
import contextvars
import sys
import types
from collections.abc import Coroutine, Generator, Sequence
from typing import Any, Generic, TypeVar

from di._marks import MISSING

T = TypeVar("T")


async def shielded(closing: Coroutine[Any, Any, Sequence[BaseException]], occasion: str) -> None:
    """Run a teardown to its end; a cancellation meanwhile is raised afterwards.

    Raises:
        BaseExceptionGroup: what went wrong, as `closing` returned it; also when it was cancelled, for nothing is lost.
    """
    work = ShieldedWork(closing)
    try:
        errors = await work.wait()
    except asyncio.CancelledError:
        raise_grouped(occasion, work.result())
        raise
    raise_grouped(occasion, errors)


def raise_grouped(occasion: str, errors: Sequence[BaseException]) -> None:
    """Raise what went wrong, if anything did."""
    if errors:
        raise BaseExceptionGroup(f"errors while {occasion}", errors)


class ShieldedWork(Generic[T]):
    """Work that has run until it waited for the first time, in a task of its own; often it is done by then."""

    __slots__ = ("_started", "_task")

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._started, self._task = _start(work)

    @property
    def done(self) -> bool:
        """Whether nothing has to be waited for."""
        return self._task.done() or (self._started is not None and self._started.ended)

    async def wait(self) -> T:
        """Return the result, however often the waiting is cancelled; a cancellation is raised afterwards."""
        cancelled: asyncio.CancelledError | None = None
        while not self.done:
            try:
                await asyncio.wait([self._task])
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled
        return self.result()

    def result(self) -> T:
        """Return what came of it, or raise what it raised."""
        return self._task.result() if self._started is None or self._task.done() else self._started.result()


class _Started(Generic[T]):
    """A coroutine that was begun outside of the task that goes on with it, as Python 3.12 can by itself."""

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work
        self._waits_for: Any = None
        self._value: Any = MISSING
        self._error: BaseException | None = None

    @property
    def ended(self) -> bool:
        return self._value is not MISSING or self._error is not None

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        value: T = self._value
        return value

    def begin(self) -> None:
        try:
            self._waits_for = self._work.send(None)
        except StopIteration as stop:
            self._value = stop.value
        except BaseException as error:
            self._error = error

    async def go_on(self) -> T | None:
        """Be the task. An end that came at once was reported at once: nobody looks here for it."""
        if self.ended:
            return None
        result: T = await self._rest()
        return result

    @types.coroutine
    def _rest(self) -> Generator[Any, Any, T]:
        waits_for = self._waits_for
        while True:
            try:
                try:
                    sent = yield waits_for
                except BaseException as error:
                    waits_for = self._work.throw(error)
                else:
                    waits_for = self._work.send(sent)
            except StopIteration as stop:
                value: T = stop.value
                return value


def _start(work: Coroutine[Any, Any, T]) -> "tuple[_Started[T] | None, asyncio.Task[Any]]":
    """Begin work in a task of its own, which stands as the current one meanwhile: time-outs inside belong to it."""
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 12):
        return None, asyncio.Task(work, loop=loop, eager_start=True)
    started = _Started(work)
    context = contextvars.copy_context()
    task = loop.create_task(started.go_on(), context=context)
    outer = asyncio.current_task()
    if outer is not None:
        asyncio.tasks._leave_task(loop, outer)  # noqa: SLF001 - eager tasks of 3.12 do the same
    asyncio.tasks._enter_task(loop, task)  # noqa: SLF001
    try:
        context.run(started.begin)
    finally:
        asyncio.tasks._leave_task(loop, task)  # noqa: SLF001
        if outer is not None:
            asyncio.tasks._enter_task(loop, outer)  # noqa: SLF001
    return started, task
