"""Work that a cancellation must not interrupt runs in a task of its own, for which often nobody has to wait."""

import asyncio
import contextvars
import sys
import weakref
from collections.abc import Coroutine, Generator, Sequence
from typing import Any, TypeVar

from di._marks import MISSING

T = TypeVar("T")
_OURS = 2  # references to an object that only one function holds: its variable, and the argument of getrefcount()


async def shielded(closing: Coroutine[Any, Any, Sequence[BaseException]], occasion: str) -> None:
    """Run a teardown to its end; a cancellation meanwhile is raised afterwards.

    Raises:
        BaseExceptionGroup: what went wrong, as `closing` returned it; also when it was cancelled, for nothing is lost.
    """
    work = ShieldedWork(closing, asyncio.get_running_loop())
    try:
        errors = await work
    except asyncio.CancelledError:
        raise_grouped(occasion, work.result())
        raise
    raise_grouped(occasion, errors)


def raise_grouped(occasion: str, errors: Sequence[BaseException]) -> None:
    """Raise what went wrong, if anything did."""
    if errors:
        raise BaseExceptionGroup(f"errors while {occasion}", errors)


class SpareTask:
    """On Python 3.11, a task that stood for work which ended at once; nobody has kept it, so it may stand again."""

    __slots__ = ("task",)

    def __init__(self) -> None:
        self.task: asyncio.Task[Any] | None = None

    def take(self, loop: asyncio.AbstractEventLoop) -> asyncio.Task[Any]:
        """Return a task of a loop that the loop does not know of yet."""
        task = self.task
        if task is not None and task.get_loop() is loop:  # a loop runs in one thread: nobody else takes it
            self.task = None
            return task
        task = asyncio.Task.__new__(asyncio.Task)
        asyncio.Future.__init__(task, loop=loop)  # not the task's own: that would have the loop begin it
        return task


class _Awaited:
    """What a task yields to wait for another one that its own cancellation must not reach, nor end the waiting.

    Future-like, as `asyncio.isfuture` tells it. `asyncio.shield` is a second future: a turn of the loop more.
    """

    __slots__ = ("_asyncio_future_blocking", "add_done_callback", "get_loop")

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._asyncio_future_blocking = True
        self.add_done_callback, self.get_loop = task.add_done_callback, task.get_loop

    def cancel(self, msg: object = None) -> bool:
        """Refuse, so that whoever waits is cancelled once the task has ended."""
        return False


class ShieldedWork(Coroutine[Any, Any, T]):
    """Work that has run until it waited for the first time, in a task of its own; nearly always it is done by then.

    On Python 3.11, which has no eager tasks, the first step finds a task as the current one that is only begun when
    there is a second step: time-outs and cancel scopes that begin in the first one belong to it. That task then runs
    this object, the rest of the work.
    """

    __slots__ = ("_error", "_value", "_waits_for", "_work", "task")

    def __init__(
        self, work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop, spare: SpareTask | None = None
    ) -> None:
        self.task: asyncio.Task[Any] | None = None  # None: it has ended
        self._work = work
        self._error: BaseException | None = None
        self._value: Any = None
        self._waits_for: Any = MISSING
        self._begin(loop, spare)

    if sys.version_info >= (3, 12):

        def _begin(self, loop: asyncio.AbstractEventLoop, _: SpareTask | None) -> None:
            task = asyncio.Task(self._work, loop=loop, eager_start=True)
            if not task.done():
                self.task = task
                return
            try:
                self._value = task.result()
            except BaseException as error:
                self._error = error

    else:

        def _begin(self, loop: asyncio.AbstractEventLoop, given: SpareTask | None) -> None:
            spare = given or SpareTask()
            task = spare.take(loop)
            context = contextvars.copy_context()
            outer = asyncio.current_task(loop)
            if outer is not None:
                asyncio.tasks._leave_task(loop, outer)  # noqa: SLF001 - documented from 3.12 on, as _enter_task
            asyncio.tasks._enter_task(loop, task)  # noqa: SLF001
            try:
                self._waits_for = context.run(self._work.send, None)
            except StopIteration as stop:
                self._value = stop.value
            except BaseException as error:
                self._error = error
            finally:
                asyncio.tasks._leave_task(loop, task)  # noqa: SLF001
                if outer is not None:
                    asyncio.tasks._enter_task(loop, outer)  # noqa: SLF001
            callbacks = task._callbacks  # noqa: SLF001 - of the first step; beginning forgets them
            if self._waits_for is MISSING and not callbacks:
                if sys.getrefcount(task) == _OURS and not weakref.getweakrefcount(task):
                    spare.task = task
                return
            cancellations = task.cancelling()
            asyncio.Task.__init__(task, self, loop=loop, context=context)
            for callback, its_context in callbacks or ():
                task.add_done_callback(callback, context=its_context)
            for _ in range(cancellations):
                task.cancel()
            if self._waits_for is not MISSING:
                self.task = task

    def __await__(self) -> Generator[Any, Any, T]:
        """Return the result, however often the waiting is cancelled; a cancellation is raised afterwards."""
        cancelled: asyncio.CancelledError | None = None
        task = self.task
        while task is not None and not task.done():
            try:
                yield _Awaited(task)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled
        return self.result()

    def result(self) -> T:
        """Return what came of it, or raise what it raised."""
        task, self.task = self.task, None  # on Python 3.11 it refers to us, in a circle
        if task is not None:
            try:
                self._value = task.result()
            except BaseException as error:
                self._error = error
        if self._error is not None:
            raise self._error
        value: T = self._value
        return value

    # --- what the task runs on Python 3.11 --------------------------------------------------------------------------

    def send(self, value: Any) -> Any:
        """Go on; at first with what the first step waits for."""
        if self.task is None:
            raise StopIteration
        waits_for, self._waits_for = self._waits_for, MISSING
        return self._work.send(value) if waits_for is MISSING else waits_for

    def throw(self, error: Any, *rest: Any) -> Any:
        """Interrupt what the work waits for; a cancellation reaches that first, as it would in any task."""
        waits_for, self._waits_for = self._waits_for, MISSING
        if isinstance(error, asyncio.CancelledError) and isinstance(waits_for, asyncio.Future) and waits_for.cancel():
            return waits_for
        return self._work.throw(error, *rest)

    def close(self) -> None:
        """End the rest where it waits, as a coroutine's `close` does."""
        self._work.close()
