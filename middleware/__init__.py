"""The injection layer on ASGI, Starlette and FastAPI: a scope per request, services as route parameters."""

from middleware._asgi import RequestScopeMiddleware
from middleware._connections import register_connections
from middleware._deps import Deps

__all__ = ["Deps", "RequestScopeMiddleware", "register_connections"]
