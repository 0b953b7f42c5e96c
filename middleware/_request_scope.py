"""The scope of an HTTP request or a WebSocket connection."""

import asyncio
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from di import Container
from di import Scope as UnitOfWork
from di._scope import current

_begin = UnitOfWork.__init__  # bound once, for every request


class RequestScope(UnitOfWork):
    """A unit of work that knows its connection: the ASGI triple, and FastAPI's own object once there is one."""

    __slots__ = ("asgi", "client_gone", "receive", "request", "send", "started", "watched")

    def __init__(
        self, container: Container, outer: UnitOfWork | None, asgi: Scope, receive: Receive, send: Send
    ) -> None:
        _begin(self, container, outer)
        self.asgi = asgi
        self.receive = receive
        self.send = send
        self.request: Any = None
        self.watched: Scope | None = None  # the ASGI scope of the route that tells how it ends
        self.started = False  # whether the first byte of the response is on its way
        self.client_gone = False

    async def send_after_success(self, message: Message) -> None:
        """Send, but let nothing out before the `on_success` callbacks have run."""
        if message["type"] == "http.response.start":
            if self.success_callbacks:
                await self.succeed()
            self.started = True
        send = self.send
        try:
            await send(message)
        except OSError:
            self.client_gone = True
            raise

    def ended_by_client(self, error: BaseException) -> bool:
        """Whether an error only tells that the client went away after the first byte, which is no failure.

        Servers of ASGI 2.4 say it in `send`, those before cancel what streams, and middleware between may cancel too.
        """
        if isinstance(error, BaseExceptionGroup):
            return all(self.ended_by_client(each) for each in error.exceptions)
        if isinstance(error, OSError | ClientDisconnect):
            return self.client_gone
        return isinstance(error, WebSocketDisconnect) or (self.started and isinstance(error, asyncio.CancelledError))


def connection_of(scope: UnitOfWork | None) -> RequestScope | None:
    """Return the scope of the connection that a scope belongs to: itself, or the one that it is a child of."""
    while scope is not None and not isinstance(scope, RequestScope):
        scope = scope.parent
    return scope


def unit_of_work(container: Container | None = None) -> UnitOfWork | None:
    """Return the innermost scope that belongs to a connection, and to a container if one is given."""
    work = current.get()
    while work is not None:
        if connection_of(work) is not None and (container is None or work.container is container):
            return work
        work = work.outer
    return None


def serving_scope(container: Container, asgi: Scope) -> UnitOfWork | None:
    """Return the scope of this container that is open for this very connection, if one is."""
    work = unit_of_work(container)
    mine = connection_of(work)
    if mine is None:
        return None
    same = mine.asgi["type"] == asgi["type"] and mine.asgi.get("headers") is asgi.get("headers")
    return work if same else None


def report(work: UnitOfWork, error: BaseException) -> None:
    """Tell the unit of work of a connection that it failed, unless the client only went away."""
    mine = connection_of(work)
    if mine is None or not mine.ended_by_client(error):
        work.fail(error)
