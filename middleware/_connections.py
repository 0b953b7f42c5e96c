"""`Request`, `WebSocket` and `HTTPConnection` as injectable types, and the scope's view of its connection."""

from starlette.requests import HTTPConnection, Request
from starlette.websockets import WebSocket

from di import Container, Scope
from di._providers import Lifetime, read_provider
from middleware._request_scope import RequestScope, connection_of
from middleware.errors import WrongConnectionError


def register_connections(container: Container) -> None:
    """Make the connection injectable into scoped providers; a container serves any number of applications."""
    for key, provider in ((HTTPConnection, _connection), (Request, _request), (WebSocket, _websocket)):
        if container.root_layer.provider(key) is None:
            made = read_provider(key, Lifetime.SCOPED, provider, location="middleware")
            container.root_layer.providers[key] = made


def scope_of_connection(scope: Scope) -> RequestScope:
    """Return the scope of the connection that a scope belongs to.

    Raises:
        WrongConnectionError: it was not opened by `RequestScopeMiddleware`, and is no child of such a one.
    """
    found = connection_of(scope)
    if found is None:
        raise WrongConnectionError("The connection", "this scope belongs to no request or WebSocket")
    return found


def _connection(scope: Scope) -> HTTPConnection:
    work = scope_of_connection(scope)
    if work.request is None:
        kind = Request if work.asgi["type"] == "http" else WebSocket
        work.request = kind(work.asgi, work.receive, work.send)
    found: HTTPConnection = work.request
    return found


def _request(scope: Scope) -> Request:
    connection = _connection(scope)
    if not isinstance(connection, Request):
        raise WrongConnectionError("Request", "the scope belongs to a WebSocket")
    return connection


def _websocket(scope: Scope) -> WebSocket:
    connection = _connection(scope)
    if not isinstance(connection, WebSocket):
        raise WrongConnectionError("WebSocket", "the scope belongs to an HTTP request")
    return connection
