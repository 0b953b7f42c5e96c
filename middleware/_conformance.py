"""Whether the installed FastAPI serves routes the way `_fastapi` counts on: tried out, not read off its version."""

import contextvars
import dataclasses
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, cast

from fastapi import APIRouter, Depends, FastAPI, WebSocket
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from middleware._fastapi import ServedRoute, function_stack, is_awaited, request_stack, served_routes

_PATHS = ("/direct", "/included/nested")
_STEPS = ["awaited", "request stack", "function stack", "replaced call", "wrapped response", 204]


def misfit() -> str | None:
    """Return what is different from what we know, or None; takes a few milliseconds.

    Prepares the routes of a small application, sends a request through each, and looks at what came by.
    """
    try:
        return contextvars.copy_context().run(_first_misfit)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _first_misfit() -> str | None:
    app = _application()
    found = {str(route): route for route in served_routes(app.router.routes) if _asks(route)}
    expected = {f"{kind} {path}" for kind in ("GET", "WEBSOCKET") for path in _PATHS}
    if found.keys() != expected:
        return f"of the routes {sorted(expected)} it shows {sorted(found)}"
    for path in _PATHS:
        steps = _serve(app, found[f"GET {path}"], path)
        if steps != _STEPS:
            return f"of the steps {_STEPS} it took {steps} at {path}"
    return None


async def _service() -> None: ...


def _application() -> FastAPI:
    async def http(service: None = Depends(_service)) -> None: ...

    async def socket(websocket: WebSocket, service: None = Depends(_service)) -> None: ...

    app, outer, inner = FastAPI(openapi_url=None), APIRouter(), APIRouter()
    for router, path in ((app.router, "/direct"), (inner, "/nested")):
        router.add_api_route(path, http)
        router.add_api_websocket_route(path, socket)
    outer.include_router(inner)
    app.include_router(outer, prefix="/included")
    return app


def _asks(route: ServedRoute) -> bool:
    dependant = route.dependant
    return dependant is not None and [below.call for below in dependant.dependencies] == [_service]


def _serve(app: FastAPI, route: ServedRoute, path: str) -> list[str | int]:
    """Prepare a route as the fast path does, ask for it, and return the steps that were taken."""
    fast = dataclasses.replace(cast(Any, route.dependant), dependencies=[])
    steps: list[str | int] = ["awaited"] if is_awaited(fast) else []

    async def replaced() -> Response:
        steps.append("replaced call")
        return Response(status_code=204)

    handler = route.handler_over(fast)
    fast.call = replaced  # FastAPI is to read it at each request

    async def handle(request: Request) -> Any:
        stacks = {"request stack": request_stack(request.scope), "function stack": function_stack(request.scope)}
        steps.extend(name for name, stack in stacks.items() if isinstance(stack, AsyncExitStack))
        response = await handler(request)

        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            steps.append("wrapped response")
            await response(scope, receive, send)

        return wrapped

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            steps.append(message["status"])

    route.serve_by(handle)
    _get(app, path, send)
    return steps


def _get(app: FastAPI, path: str, send: Callable[[Message], Awaitable[None]]) -> None:
    """Send a GET without an event loop: nothing on the way waits for anything."""

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    serving = app(scope, receive, send)
    try:
        serving.send(None)
    except StopIteration:
        return
    serving.close()
