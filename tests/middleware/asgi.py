"""Drive an ASGI application by hand, as a server of either spec version would."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI


class ClientGone(OSError):
    """What a server raises from send when the client has left (ASGI 2.4)."""


async def get(app: Any, path: str = "/", *, spec: str = "2.4", leave_after: int | None = None) -> list[dict[str, Any]]:
    """Send one GET; the client leaves after so many messages. Returns what was sent to it."""
    sent: list[dict[str, Any]] = []
    left = asyncio.Event()
    requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in requests:
            return message
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if left.is_set():
            if spec == "2.4":
                raise ClientGone
            return
        sent.append(message)
        if leave_after is not None and len(sent) >= leave_after:
            left.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": spec},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
    }
    await app(scope, receive, send)
    return sent


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[FastAPI]:
    """Run an application's lifespan."""
    async with app.router.lifespan_context(app):
        yield app
