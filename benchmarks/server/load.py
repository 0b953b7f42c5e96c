"""Load on a server from a process of its own: connections that each send a request when the last one is answered.

`python -m benchmarks.server.load` reads slices of work as JSON lines and answers each with its latencies.
"""

import asyncio
import functools
import json
import sys
import time
from dataclasses import dataclass

import httptools
import uvloop


@dataclass(frozen=True, slots=True)
class Slice:
    """What each connection sends where, for how long."""

    port: int
    requests: list[str]
    seconds: float


class UnexpectedStatusError(Exception):
    """A server answered something else than 200."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"{status}: {body.decode(errors='replace')[:300]}")


class Connection(asyncio.Protocol):
    """Sends the same request until its time is up, and keeps how long each took."""

    def __init__(self, request: bytes, until: float) -> None:
        self._request = request
        self._until = until
        self._parser = httptools.HttpResponseParser(self)
        self._body = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None
        self.latencies: list[float] = []
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = transport  # type: ignore[assignment]  # that of a socket
        self._send()

    def data_received(self, data: bytes) -> None:
        """Go on parsing."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Keep the body, for the message of a failure."""
        self._body += body

    def on_message_complete(self) -> None:
        """Note the time, and send the next request unless the time is up."""
        now = time.perf_counter()
        status = self._parser.get_status_code()
        assert self._transport is not None
        if status != 200:
            self.ended.set_exception(UnexpectedStatusError(status, self._body))
            self._transport.close()
            return
        self.latencies.append(now - self._sent)
        self._body = b""
        self._parser = httptools.HttpResponseParser(self)
        if now < self._until:
            self._send()
        else:
            self._transport.close()
            self.ended.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell when the server closed it too early."""
        if not self.ended.done():
            self.ended.set_exception(error or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        assert self._transport is not None
        self._sent = time.perf_counter()
        self._transport.write(self._request)


async def load(work: Slice) -> list[float]:
    """Return the latencies in seconds."""
    loop = asyncio.get_running_loop()
    until = time.perf_counter() + work.seconds
    connections = []
    for request in work.requests:
        make = functools.partial(Connection, request.encode(), until)
        _, connection = await loop.create_connection(make, "127.0.0.1", work.port)
        connections.append(connection)
    await asyncio.gather(*(connection.ended for connection in connections))
    return [latency for connection in connections for latency in connection.latencies]


def main() -> None:
    """Answer each line."""
    for line in sys.stdin:
        latencies = uvloop.run(load(Slice(**json.loads(line))))
        sys.stdout.write(json.dumps([round(latency * 1e6) for latency in latencies]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
