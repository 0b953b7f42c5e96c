"""Work that outlives the scope that started it, in scopes of its own."""

import asyncio
import contextvars
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from di._builds import running
from di._calls import complete_arguments
from di._keys import describe, source_of
from di._providers import read_parameters
from di._scope import current
from di.errors import ContainerClosedError, SpawnTimeoutError

if TYPE_CHECKING:
    from di._container import Container
    from di._scope import Scope

_log = logging.getLogger("di")


class SpawnedWork:
    """The tasks of one container that `Scope.spawn` started and that have not ended."""

    def __init__(self, container: "Container", limit: float) -> None:
        self._container = container
        self._limit = limit
        self._tasks: dict[asyncio.Task[Any], Callable[..., Any]] = {}

    def start(
        self,
        loop: asyncio.AbstractEventLoop,
        function: Callable[..., Any],
        args: Sequence[object],
        kwargs: Mapping[str, object],
    ) -> asyncio.Task[Any]:
        """Start a task on a loop, from its own thread or another one."""
        if self._container.stopped:
            raise ContainerClosedError(f"spawn({describe(function)})")
        context = contextvars.copy_context()
        context.run(current.set, None)
        context.run(running.set, None)
        work = self._run(function, args, kwargs)
        if _running_loop() is loop:
            return self._create(loop, work, context, function)
        made: Future[asyncio.Task[Any]] = Future()
        loop.call_soon_threadsafe(lambda: made.set_result(self._create(loop, work, context, function)))
        return made.result()

    def _create(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, Any],
        context: contextvars.Context,
        function: Callable[..., Any],
    ) -> asyncio.Task[Any]:
        task = loop.create_task(work, name=f"spawned {describe(function)}", context=context)
        self._tasks[task] = function
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        function = self._tasks.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("spawned %s (%s) failed", describe(function), source_of(function), exc_info=error)

    async def _run(self, function: Callable[..., Any], args: Sequence[object], kwargs: Mapping[str, object]) -> Any:
        async with self._container.scope() as scope:
            return await call_injected(scope, function, args, kwargs)

    async def finish(self) -> list[BaseException]:
        """Wait until all work has ended; cancel what takes longer than the limit, and say which that was."""
        here = asyncio.get_running_loop()
        deadline = here.time() + self._limit
        while (mine := [task for task in self._tasks if task.get_loop() is here]) and here.time() < deadline:
            await asyncio.wait(mine, timeout=deadline - here.time())
        late = dict(self._tasks)
        for task in late:
            if task.get_loop() is here:
                task.cancel()
            elif task.get_loop().is_running():
                task.get_loop().call_soon_threadsafe(task.cancel)
        if mine:
            await asyncio.wait(mine)
        return [SpawnTimeoutError(describe(each), self._limit, source_of(each)) for each in late.values()]


async def call_injected(
    scope: "Scope", function: Callable[..., Any], args: Sequence[object], kwargs: Mapping[str, object]
) -> Any:
    """Call a function with what is given and, for the rest, what a scope has; a plain one runs in a thread."""
    layer = scope.container.active_layer()
    obtain: Callable[[Any], Awaitable[Any]] = scope.resolve
    given, named = await complete_arguments(layer, read_parameters(function), args, kwargs, obtain)
    if inspect.iscoroutinefunction(inspect.unwrap(function)):
        return await function(*given, **named)
    result = await asyncio.to_thread(function, *given, **named)
    return await result if inspect.isawaitable(result) else result


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
