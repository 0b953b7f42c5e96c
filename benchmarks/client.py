"""Requests through a whole ASGI application, without a server."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

Message = Any


class UnexpectedResponseError(Exception):
    """An application answered something else than "ok"."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the status of the response is {status}")


class Client:
    """Sends one GET again and again, each in a task of its own, as servers do.

    So context variables end with the request, and what a request leaves to the event loop is done before the next.

    Args:
        app: what is asked.
        state: what the application's lifespan has yielded.
        path: what is asked for.
    """

    def __init__(self, app: FastAPI, state: Mapping[str, Any], path: str = "/") -> None:
        self._app = app
        self._scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"127.0.0.1"), (b"accept", b"*/*")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http",
        }
        self._state = dict(state)

    async def send(self, requests: int) -> None:
        """Make requests, one after the other."""
        app, scope, state = self._app, self._scope, self._state
        loop = asyncio.get_running_loop()
        for _ in range(requests):
            await loop.create_task(_request(app, {**scope, "state": state.copy()}))


async def _request(app: FastAPI, scope: dict[str, Any]) -> None:
    await app(scope, _receive, _send)


async def _receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(message: Message) -> None:
    if message["type"] == "http.response.start" and message["status"] != 200:
        raise UnexpectedResponseError(message["status"])
