"""Give every request an id, and one log line when it ends."""

import logging
import re
from time import perf_counter
from typing import Final
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER: Final = "X-Request-ID"
_VALID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SILENT: Final = frozenset({"/health/live", "/health/ready", "/metrics"})


class RequestIdMiddleware:
    """Take over a caller's `X-Request-ID` if it is a plain word, else make one; echo it and log with it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _VALID.fullmatch(given) else str(uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        started = perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            finally:
                _log(scope, status, perf_counter() - started)


def _log(scope: Scope, status: int, seconds: float) -> None:
    if scope["type"] != "http" or (scope["path"] in _SILENT and status < 400):
        return
    client = scope.get("client")
    code = scope["state"].get("error_code")
    logging.getLogger("backend.access").info(
        "request",
        extra={
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "duration_ms": round(seconds * 1000, 1),
            "peer": client[0] if client else None,
            **({} if code is None else {"error_code": code}),
        },
    )
