"""Exception handlers that tell the scope of an exception before they make a response of it."""

import inspect
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException, WebSocketException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, ExceptionHandler, Receive, Scope, Send

from di._scope import get_current
from middleware._request_scope import RequestScope, report, unit_of_work

Handlers = Mapping[Any, ExceptionHandler]  # by exception class or status code, as Starlette has them
HANDLERS = "starlette.exception_handlers"


def let_report(exceptions: ExceptionMiddleware, handlers: Handlers) -> None:
    """Let the exception handlers of an application report, in the layer that Starlette has made for them."""
    own = {HTTPException: exceptions.http_exception, WebSocketException: exceptions.websocket_exception}
    for key, handler in {**own, **handlers}.items():
        if key not in {500, Exception}:  # what Starlette calls outside of all middleware
            exceptions.add_exception_handler(key, _reporting(handler))


class OutcomeWatch:
    """The innermost ASGI layer of an application: tells the scope of every exception, handled or not.

    Needed where something stands between the scope's middleware and Starlette's layer of exception handlers: it may
    keep exceptions to itself, and a mounted application has handlers of its own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._plain: tuple[Any, Any] = (None, None)
        self._reporting: tuple[Any, Any] = (None, None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        work = get_current()
        if work is not None and type(work) is not RequestScope:
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


def _all_reporting(handlers: Handlers) -> dict[Any, ExceptionHandler]:
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
