"""How a request ended: seen where FastAPI still has the exception, told to the scope before the first byte."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import cast

from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from di import Scope as UnitOfWork
from middleware._asgi import Connection

WATCHED = "di.watched"  # key in the ASGI scope: the unit of work that is told how this connection ends


class GuardedResponse:
    """A response that runs `on_success` before its first byte, and tells the scope when its body breaks."""

    __slots__ = ("_response", "_work")

    def __init__(self, response: Response, work: UnitOfWork) -> None:
        self._response = response
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        work = self._work
        if work.awaits_success:
            await work.succeed()
        connection = cast(Connection, work.connection)

        async def watched(message: Message) -> None:
            try:
                await send(message)
            except OSError:
                connection.client_gone = True
                raise

        try:
            await self._response(scope, receive, watched)
        except (ClientDisconnect, OSError):
            # A client that went away after the first byte is no failure; any other I/O error of the body is one.
            if not connection.client_gone:
                raise
            connection.client_gone = False


def watch(connection: HTTPConnection, work: UnitOfWork) -> None:
    """Tell the scope of every exception that leaves the endpoint, its dependencies or its response.

    The innermost exit stack of FastAPI sees exceptions before any handler turns them into a response.
    """
    scope = connection.scope
    if scope.get(WATCHED) is not work:
        scope[WATCHED] = work
        cast(AsyncExitStack, scope["fastapi_inner_astack"]).push(_Failure(work))


class _Failure:
    """An exit callback that reports and never suppresses."""

    __slots__ = ("_work",)

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def __call__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None and not isinstance(error, WebSocketDisconnect):
            self._work.fail(error)


def watch_late(connection: HTTPConnection, work: UnitOfWork) -> None:
    """Do for a route that was not prepared (added after start) what prepared ones get around their handler."""
    scope = connection.scope
    if scope.get(WATCHED) is work:
        return
    watch(connection, work)
    if scope["type"] == "http":
        function_stack = cast(AsyncExitStack, scope["fastapi_function_astack"])
        function_stack.push_async_exit(_Success(work))


class _Success:
    """Runs `on_success` when the endpoint and its function-scoped dependencies have ended well."""

    __slots__ = ("_work",)

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def __call__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None and self._work.awaits_success:
            await self._work.succeed()
