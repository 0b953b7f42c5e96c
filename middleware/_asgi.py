"""A scope per HTTP request and WebSocket connection, in pure ASGI."""

from collections.abc import Callable
from typing import Any

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from di import Container
from di import Scope as UnitOfWork
from di._scope import current


class Connection:
    """What a request scope knows of its connection: the ASGI triple, and FastAPI's own object once there is one."""

    __slots__ = ("client_gone", "receive", "request", "scope", "send")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.request: Any = None
        self.client_gone = False


class RequestScopeMiddleware:
    """Open a scope of `container` for every HTTP request and WebSocket connection.

    The scope stays open until the last byte of the response is sent and the last background task has ended. Then it
    closes once, shielded from cancellation, and is told how the request ended. `on_success` callbacks that nobody ran
    yet (plain ASGI endpoints) run before the first byte; if one raises there, the client gets a 500.

    Args:
        app: the next ASGI application.
        container: the container whose scopes are opened.
        on_first_connection: called once, before the first connection is served.
    """

    def __init__(
        self, app: ASGIApp, container: Container, on_first_connection: Callable[[], None] | None = None
    ) -> None:
        self.app = app
        self.container = container
        self._on_first_connection = on_first_connection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        if self._on_first_connection is not None:
            first, self._on_first_connection = self._on_first_connection, None
            first()
        outer = current.get()
        if outer is not None and _serves(outer, self.container, scope):
            await self.app(scope, receive, send)
            return
        work = UnitOfWork(self.container, outer, Connection(scope, receive, send))
        token = current.set(work)
        try:
            await self.app(scope, receive, _after_success(work, send) if kind == "http" else send)
            if work.awaits_success:
                await work.succeed()
        except WebSocketDisconnect:
            await work.succeed()  # a client that went away is no failure
            raise
        except BaseException as error:
            work.fail(error)
            raise
        finally:
            try:
                if work.needs_closing:
                    with anyio.CancelScope(shield=True):
                        await work.close()
                else:
                    work.end()
            finally:
                current.reset(token)


def _serves(outer: UnitOfWork, container: Container, scope: Scope) -> bool:
    """Whether a scope of this container is open already for this very connection (an app mounted in itself)."""
    work: UnitOfWork | None = outer
    while work is not None:
        connection = work.connection
        if work.container is container and isinstance(connection, Connection):
            return connection.scope["type"] == scope["type"] and connection.scope.get("headers") is scope.get("headers")
        work = work.outer
    return False


def _after_success(work: UnitOfWork, send: Send) -> Send:
    """Return a `send` that lets nothing out before the `on_success` callbacks have run."""

    def guarded(message: Message) -> Any:
        if work.awaits_success and message["type"] == "http.response.start":
            return _succeed_then_send(work, send, message)
        return send(message)

    return guarded


async def _succeed_then_send(work: UnitOfWork, send: Send, message: Message) -> None:
    await work.succeed()
    await send(message)
