"""Straight code for one route that keeps what this layer promises: the reference that the layer is measured against.

The session's generator is told how the request ended, also when an exception handler made a response of the failure;
the commit runs before the first byte, inside the exception handlers, so that a client never hears of a success that
was not saved; the session closes after the last byte and the last background task, once, and a cancellation does not
interrupt that. There is no container, no plan and no scope: what the route needs is built in its own lines.
"""

import asyncio
import contextvars
import sys
import types
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Generator
from typing import Any, cast

import anyio
from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from benchmarks.graphs import Kind
from benchmarks.rivals.by_hand import needed
from benchmarks.workload import Workload

Opened = list[AsyncGenerator[Any, None]]


class UnitOfWork:
    """What one request has opened, and what saves its work."""

    __slots__ = ("commit", "opened", "saved")

    def __init__(self) -> None:
        self.opened: Opened = []
        self.commit: Callable[[], Awaitable[None]] | None = None
        self.saved = False


class UnitOfWorkRoute(APIRoute):
    """A route whose endpoint finds a unit of work in `request.scope`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, between the start and the end of a unit of work."""
        handle = super().get_route_handler()

        async def handle_as_one(request: Request) -> Response:
            request.scope["unit_of_work"] = work = UnitOfWork()
            try:
                response = await handle(request)
            except BaseException as error:
                await close(work.opened, error)
                raise
            return cast(Response, SavedResponse(response, work)) if work.opened else response

        return handle_as_one


class SavedResponse:
    """A response that is sent when the work is saved; the unit of work ends when all of it is sent."""

    __slots__ = ("_response", "_work")

    def __init__(self, response: Response, work: UnitOfWork) -> None:
        self._response = response
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        work, failure = self._work, None
        try:
            if work.commit is not None:
                await work.commit()
            work.saved = True
            await self._response(scope, receive, send)
        except BaseException as error:
            gone = isinstance(error, OSError | ClientDisconnect | asyncio.CancelledError)
            failure = None if work.saved and gone else error
            raise
        finally:
            await close(work.opened, failure)


async def close(opened: Opened, failure: BaseException | None) -> None:
    """Finish what was opened, newest first, whatever is cancelled meanwhile.

    What needs no waiting cannot be interrupted, so it is done at once; only the rest is run by a task. The first step
    finds that task as the current one all the same: time limits in it belong to the teardown, not to the request.
    """
    finishing, loop = _finish(opened, failure), asyncio.get_running_loop()
    if sys.version_info >= (3, 12):
        task: asyncio.Task[None] = asyncio.Task(finishing, loop=loop, eager_start=True)
    else:
        task = asyncio.Task.__new__(asyncio.Task)
        asyncio.Future.__init__(task, loop=loop)
        context, outer = contextvars.copy_context(), cast(asyncio.Task[Any], asyncio.current_task())
        asyncio.tasks._leave_task(loop, outer)  # noqa: SLF001 - as an eager task does
        asyncio.tasks._enter_task(loop, task)  # noqa: SLF001
        try:
            waits_for = context.run(finishing.send, None)
        except StopIteration:
            return
        finally:
            asyncio.tasks._leave_task(loop, task)  # noqa: SLF001
            asyncio.tasks._enter_task(loop, outer)  # noqa: SLF001
        asyncio.Task.__init__(task, _go_on(finishing, waits_for), loop=loop, context=context)
    cancelled: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError as error:
                cancelled = error
    if cancelled is not None:
        raise cancelled
    task.result()


async def _finish(opened: Opened, failure: BaseException | None) -> None:
    errors: list[BaseException] = []
    while opened:
        generator = opened.pop()
        try:
            await (anext(generator) if failure is None else generator.athrow(failure))
        except StopAsyncIteration:
            continue
        except BaseException as error:
            if error is not failure:
                errors.append(error)
    if errors:
        raise BaseExceptionGroup("errors while closing", errors)


@types.coroutine
def _go_on(work: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """Run the rest of a coroutine that has begun and waits."""
    while True:
        try:
            try:
                sent = yield waits_for
            except BaseException as error:
                waits_for = work.throw(error)
            else:
                waits_for = work.send(sent)
        except StopIteration:
            return


def build(workload: Workload) -> FastAPI:
    """Return the application."""
    names = {name: f"g{name}" for name in workload.singletons}
    namespace: dict[str, Any] = {names[name]: value for name, value in workload.singletons.items()}
    lines = ['    work = request.scope["unit_of_work"]']
    for number, service in enumerate(needed(workload)):
        name, arguments = service.name, ", ".join(names[need] for need in service.needs)
        names[name] = f"v{number}"
        if service.kind is Kind.PLAIN:
            namespace[name] = workload.types[name]
            lines.append(f"    v{number} = {name}({arguments})")
            continue
        is_session = service.kind is Kind.SESSION
        namespace[name] = _open(workload.types[name]) if is_session else workload.provider(service)
        lines.append(f"    opened{number} = {name}({arguments})")
        lines.append(f"    v{number} = await anext(opened{number})")
        lines.append(f"    work.opened.append(opened{number})")
        lines += [f"    work.commit = v{number}.commit"] if is_session else []
    lines.append(f"    seen[0] = ({', '.join(names[name] for name in workload.graph.asked)},)")
    source = "\n".join(["async def index(request: Request) -> str:", *lines, '    return "ok"'])
    namespace |= {"Request": Request, "seen": workload.seen}
    exec(compile(source, "<by hand, same promises>", "exec"), namespace)
    app = FastAPI()
    app.router.add_api_route("/", namespace["index"], route_class_override=UnitOfWorkRoute)
    return app


def _open(session_type: Any) -> Callable[[], AsyncIterator[Any]]:
    async def open_session() -> AsyncIterator[Any]:
        session = session_type()
        try:
            yield session
        except BaseException:
            await session.rollback()
            raise
        finally:
            await session.close()

    return open_session
