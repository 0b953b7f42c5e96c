"""Run a whole application, with its lifespan, in a thread beside the tests."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

START_LIMIT = 20.0


class SignallingServer(uvicorn.Server):
    """Say to another thread that requests are accepted, or that the start failed."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        try:
            await super().startup(sockets)
        finally:
            self.settled.set()


@contextmanager
def serve_in_thread(app: ASGIApp) -> Iterator[str]:
    """Serve on a free loopback port until the block ends."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = SignallingServer(uvicorn.Config(app, lifespan="on", log_config=None, access_log=False))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), name="server-under-test")
        thread.start()
        try:
            assert server.settled.wait(START_LIMIT)
            assert server.started
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(START_LIMIT)
