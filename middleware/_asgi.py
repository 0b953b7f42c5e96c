"""A scope per HTTP request and WebSocket connection, in pure ASGI."""

import asyncio
from collections.abc import Callable

import anyio
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from di import Container
from di._scope import get_current, reset_current, set_current
from middleware._handlers import Handlers, let_report
from middleware._request_scope import RequestScope, serving_scope


class RequestScopeMiddleware:
    """Open a scope of `container` for every HTTP request and WebSocket connection.

    The scope stays open until the last byte of the response is sent and the last background task has ended. Then it
    closes once, shielded from cancellation, and is told how the request ended. `on_success` callbacks that nobody ran
    yet (plain ASGI endpoints) run before the first byte; if one raises there, the client gets a 500.

    Args:
        app: the next ASGI application.
        container: the container whose scopes are opened.
        before_connection: called before every connection is served.
        exception_handlers: those of the application; they tell how a request ended if no middleware stands between.
    """

    def __init__(
        self,
        app: ASGIApp,
        container: Container,
        before_connection: Callable[[], None] | None = None,
        exception_handlers: Handlers | None = None,
    ) -> None:
        self.app = app
        self.container = container
        self._before_connection = before_connection
        if exception_handlers is not None and isinstance(app, ExceptionMiddleware):
            let_report(app, exception_handlers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        before = self._before_connection
        if before is not None:
            before()
        outer = get_current()
        if outer is not None and serving_scope(self.container, scope) is not None:
            await self.app(scope, receive, send)
            return
        work = RequestScope(self.container, outer, scope, receive, send)
        token = set_current(work)
        app = self.app
        try:
            await app(scope, receive, work.send_after_success if kind == "http" else send)
            if work.success_callbacks:
                await work.succeed()
        except BaseException as error:
            if not work.ended_by_client(error):
                work.fail(error)
            elif work.success_callbacks and not isinstance(error, asyncio.CancelledError):
                await work.succeed()
            raise
        finally:
            try:
                rest = work.begin_to_close()
                if rest is not None:
                    with anyio.CancelScope(shield=True):
                        await work.go_on_closing(rest)
            finally:
                reset_current(token)
                work.request = work.watched = None  # they refer to us: no work for the garbage collector
