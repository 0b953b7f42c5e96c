"""How a request ended: seen before handlers turn exceptions into responses, told to the scope before the first byte."""

import inspect
from collections.abc import Mapping
from types import TracebackType
from typing import Any, cast

from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, ExceptionHandler, Receive, Scope, Send

from di import Scope as UnitOfWork
from di._scope import current
from middleware._asgi import Connection, unit_of_work
from middleware._fastapi import function_stack, request_stack

HANDLERS = "starlette.exception_handlers"


class OutcomeWatch:
    """The innermost ASGI layer of an application: tells the scope of every exception, handled or not.

    Starlette turns exceptions into responses around its routes and around its router. This layer stands between them,
    and puts handlers that report in the place of those that the routes will use.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._plain: tuple[Any, Any] = (None, None)
        self._reporting: tuple[Any, Any] = (None, None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        work = current.get()
        if work is not None and type(work.connection) is not Connection:
            work = unit_of_work()
        if work is None or scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        by_class, by_status = scope.get(HANDLERS) or ({}, {})
        if by_class is not self._plain[0] or by_status is not self._plain[1]:
            self._plain = (by_class, by_status)
            self._reporting = (_all_reporting(by_class), _all_reporting(by_status))
        scope[HANDLERS] = self._reporting
        try:
            await self.app(scope, receive, send)
        except BaseException as error:
            report(work, error)
            raise


def _all_reporting(handlers: Mapping[Any, ExceptionHandler]) -> dict[Any, ExceptionHandler]:
    return {key: _reporting(handler) for key, handler in handlers.items()}


def _reporting(handler: Any) -> ExceptionHandler:
    async def report_and_await(connection: Any, error: Exception) -> Any:
        _report_here(error)
        return await handler(connection, error)

    def report_and_call(connection: Any, error: Exception) -> Any:
        _report_here(error)
        return handler(connection, error)

    is_async = inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(type(handler).__call__)
    return report_and_await if is_async else report_and_call


def _report_here(error: BaseException) -> None:
    work = unit_of_work()
    if work is not None:
        report(work, error)


def report(work: UnitOfWork, error: BaseException) -> None:
    """Tell a unit of work that it failed, unless the client only went away."""
    if not cast(Connection, work.connection).ended_by_client(error):
        work.fail(error)


async def answer(work: UnitOfWork, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a response after `on_success` has run, where the application's handlers see what that raises."""
    if work.success_callbacks:
        await work.succeed()
    try:
        await response(scope, receive, send)
    except BaseException as error:
        if not cast(Connection, work.connection).ended_by_client(error):
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
    known = cast(Connection, work.connection)
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
