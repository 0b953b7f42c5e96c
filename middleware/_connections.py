"""`Request`, `WebSocket` and `HTTPConnection` as injectable types, and the scope's view of its connection."""

from starlette.requests import HTTPConnection, Request
from starlette.websockets import WebSocket

from di import Container, Scope
from di._providers import Lifetime, read_provider
from middleware._asgi import Connection
from middleware.errors import WrongConnectionError


def register_connections(container: Container) -> None:
    """Make the connection injectable into scoped providers; a container serves any number of applications."""
    for key, provider in ((HTTPConnection, _connection), (Request, _request), (WebSocket, _websocket)):
        if container.root_layer.provider(key) is None:
            made = read_provider(key, Lifetime.SCOPED, provider, location="middleware")
            container.root_layer.providers[key] = made


def connection_of(scope: Scope) -> Connection:
    """Return what the middleware stored in a scope.

    Raises:
        WrongConnectionError: the scope was not opened by `RequestScopeMiddleware`.
    """
    connection = scope.connection
    if not isinstance(connection, Connection):
        raise WrongConnectionError("The connection", "this scope belongs to no request or WebSocket")
    return connection


def _connection(scope: Scope) -> HTTPConnection:
    connection = connection_of(scope)
    if connection.request is None:
        kind = connection.scope["type"]
        if kind == "http":
            connection.request = Request(connection.scope, connection.receive, connection.send)
        else:
            connection.request = WebSocket(connection.scope, connection.receive, connection.send)
    found: HTTPConnection = connection.request
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
