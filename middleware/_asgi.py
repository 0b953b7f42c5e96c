"""A scope per HTTP request and WebSocket connection, in pure ASGI."""

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from di import Container
from di import Scope as UnitOfWork
from di._scope import current


class Connection:
    """What a request scope knows of its connection: the ASGI triple, and FastAPI's own object once there is one."""

    __slots__ = ("client_gone", "receive", "request", "scope", "send", "started", "watched")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.request: Any = None
        self.watched: Scope | None = None  # the ASGI scope of the route that tells how it ends
        self.started = False  # whether the first byte of the response is on its way
        self.client_gone = False

    def ended_by_client(self, error: BaseException) -> bool:
        """Whether an error only tells that the client went away after the first byte, which is no failure.

        Servers of ASGI 2.4 say it in `send`, those before cancel what streams, and middleware between may cancel too.
        """
        if isinstance(error, BaseExceptionGroup):
            return all(self.ended_by_client(each) for each in error.exceptions)
        if isinstance(error, OSError | ClientDisconnect):
            return self.client_gone
        return isinstance(error, WebSocketDisconnect) or (self.started and isinstance(error, asyncio.CancelledError))


class RequestScopeMiddleware:
    """Open a scope of `container` for every HTTP request and WebSocket connection.

    The scope stays open until the last byte of the response is sent and the last background task has ended. Then it
    closes once, shielded from cancellation, and is told how the request ended. `on_success` callbacks that nobody ran
    yet (plain ASGI endpoints) run before the first byte; if one raises there, the client gets a 500.

    Args:
        app: the next ASGI application.
        container: the container whose scopes are opened.
        before_connection: called before every connection is served.
    """

    def __init__(self, app: ASGIApp, container: Container, before_connection: Callable[[], None] | None = None) -> None:
        self.app = app
        self.container = container
        self._before_connection = before_connection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        if self._before_connection is not None:
            self._before_connection()
        outer = current.get()
        if outer is not None and serving_scope(self.container, scope) is not None:
            await self.app(scope, receive, send)
            return
        connection = Connection(scope, receive, send)
        work = UnitOfWork(self.container, outer, connection)
        token = current.set(work)
        try:
            await self.app(scope, receive, _after_success(work, connection) if kind == "http" else send)
            if work.success_callbacks:
                await work.succeed()
        except BaseException as error:
            if not connection.ended_by_client(error):
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
                current.reset(token)
                connection.request = connection.watched = None  # it refers to us: no work for the garbage collector


def unit_of_work(container: Container | None = None) -> UnitOfWork | None:
    """Return the innermost scope that belongs to a connection, and to a container if one is given."""
    work = current.get()
    while work is not None:
        if isinstance(work.connection, Connection) and (container is None or work.container is container):
            return work
        work = work.outer
    return None


def serving_scope(container: Container, scope: Scope) -> UnitOfWork | None:
    """Return the scope of this container that is open for this very connection, if one is."""
    work = unit_of_work(container)
    if work is None:
        return None
    mine = work.connection.scope
    same = mine["type"] == scope["type"] and mine.get("headers") is scope.get("headers")
    return work if same else None


def _after_success(work: UnitOfWork, connection: Connection) -> Send:
    """Return a `send` that lets nothing out before the `on_success` callbacks have run."""
    send = connection.send

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            if work.success_callbacks:
                await work.succeed()
            connection.started = True
        try:
            await send(message)
        except OSError:
            connection.client_gone = True
            raise

    return guarded
