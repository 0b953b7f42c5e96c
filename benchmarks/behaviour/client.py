"""A client that speaks raw ASGI, so that it can leave, be cancelled, and see what left before what."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI

from benchmarks.behaviour.workload import Journal


@dataclass
class Exchange:
    """What came back: the status (None when nothing did), the chunks, and what the server would have seen raised."""

    status: int | None = None
    chunks: list[bytes] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def text(self) -> str:
        """The body, without the quotes of a JSON string."""
        return b"".join(self.chunks).decode().strip('"')


@dataclass
class Running:
    """An application whose lifespan has begun."""

    app: FastAPI
    journal: Journal
    state: dict[str, Any]

    async def get(self, path: str, *, leave_after: int | None = None, asgi: str = "2.4") -> Exchange:
        """Send GET and read the whole response, or leave after some chunks as a server of that ASGI version says it."""
        exchange = Exchange()
        gone = asyncio.Event()
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                self.journal.note("first byte")
            elif message["type"] == "http.response.body" and message.get("body"):
                if gone.is_set() and asgi == "2.4":
                    raise OSError
                exchange.chunks.append(message["body"])
                if len(exchange.chunks) == leave_after:
                    gone.set()
            await asyncio.sleep(0)

        try:
            await self.app(self._scope("http", path, asgi), receive, send)
        except Exception as error:
            exchange.error = error
        gone.set()
        return exchange

    async def talk(self, path: str) -> list[str]:
        """Open a WebSocket and return the texts that came until it closed."""
        texts: list[str] = []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            if message["type"] == "websocket.send":
                texts.append(message["text"])

        await self.app(self._scope("websocket", path, "2.4"), receive, send)
        return texts

    def _scope(self, kind: str, path: str, asgi: str) -> dict[str, Any]:
        return {
            "type": kind,
            "asgi": {"version": "3.0", "spec_version": asgi},
            "http_version": "1.1",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http" if kind == "http" else "ws",
            "subprotocols": [],
            "state": dict(self.state),
        }


@asynccontextmanager
async def running(app: FastAPI, journal: Journal) -> AsyncIterator[Running]:
    """Run the application's lifespan around the block, as a server does."""
    async with app.router.lifespan_context(app) as state:
        yield Running(app, journal, dict(state or {}))


async def let_others_run() -> None:
    """Give every other task many turns, so that whatever can go on has gone on."""
    for _ in range(100):
        await asyncio.sleep(0)
