"""How a route ended: told to the scope before handlers turn exceptions into responses, and before the first byte."""

from types import TracebackType
from typing import cast

from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from di import Scope as UnitOfWork
from middleware._fastapi import function_stack, request_stack
from middleware._request_scope import RequestScope, connection_of, report


async def answer(work: UnitOfWork, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a response after `on_success` has run, where the application's handlers see what that raises."""
    if work.success_callbacks:
        await work.succeed()
    try:
        await response(scope, receive, send)
    except BaseException as error:
        if not cast(RequestScope, connection_of(work)).ended_by_client(error):
            work.fail(error)
            raise
        if not isinstance(error, ClientDisconnect | OSError):
            raise
        # Nobody is there to be told; generators of FastAPI's dependencies end well too.


class _Failure:
    """An exit callback that reports and never suppresses."""

    __slots__ = ("_work",)

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def __call__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            report(self._work, error)


def watch_late(connection: HTTPConnection, work: UnitOfWork) -> None:
    """Do for a route that could not be prepared what prepared ones get around their handler.

    The outermost exit callback of FastAPI's inner stack sees every exception of the endpoint, its dependencies and its
    response, before handlers turn it into another response.
    """
    scope = connection.scope
    known = cast(RequestScope, connection_of(work))
    if known.watched is scope:
        return
    known.watched = scope
    outermost = request_stack(scope)
    if outermost is not None:
        outermost.push(_Failure(work))
    stack = function_stack(scope)
    if stack is not None and scope["type"] == "http":
        stack.push_async_exit(_Success(work))


class _Success:
    """Runs `on_success` when the endpoint and its function-scoped dependencies have ended well."""

    __slots__ = ("_work",)

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def __call__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None and self._work.success_callbacks:
            await self._work.succeed()
