"""A way to PostgreSQL on which connections are lost at the moment that a test has chosen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs, urlsplit

_CHUNK: Final = 65_536
_READY: Final = b"Z\x00\x00\x00\x05"  # ReadyForQuery ends every answer; one byte of status follows
_TERMINATE: Final = b"X\x00\x00\x00\x04"
_FIELDS: Final = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
_FAREWELL: Final = b"E" + (len(_FIELDS) + 4).to_bytes(4) + _FIELDS


class Loss(StrEnum):
    """How a connection is lost at a message of its client."""

    UNTOLD = "after the server has read it, before its answer arrives"
    FAREWELL = "after the answer, with a farewell, as by a server that is shut down"
    """The client has read the farewell and sees an open connection until it speaks again. On a real server that
    moment is over within milliseconds."""


class FailingPostgres:
    """Relay what clients and a server on a Unix socket say, until told to lose a connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self._address = (parts.username, parts.path)
        self._port = 0
        self._relays: set[_Relay] = set()
        self._loss: Loss | None = None
        self._messages_before = 0

    @property
    def url(self) -> str:
        """Give the address of the same database through this relay."""
        user, path = self._address
        return f"postgresql://{user}@127.0.0.1:{self._port}{path}"

    @property
    def lost(self) -> bool:
        """Tell whether what `lose` asked for has happened."""
        return self._loss is None

    def lose(self, loss: Loss, message: int) -> None:
        """Lose a connection at the given message, counted from zero over all clients from now on."""
        self._loss, self._messages_before = loss, message

    def keep(self) -> None:
        """Lose none."""
        self._loss = None

    async def say_goodbye(self, application_name: str) -> None:
        """Send the farewell of a server that is shut down on all connections of that name; return when it is read."""
        for relay in self._relays:
            if relay.application_name == application_name:
                relay.say_goodbye()
        await asyncio.sleep(0.01)  # one look at the sockets: what is there to be read will have been

    def due(self) -> Loss | None:
        """Count a message; return how its connection is lost, if it is."""
        if self._loss is None:
            return None
        self._messages_before -= 1
        if self._messages_before >= 0:
            return None
        loss, self._loss = self._loss, None
        return loss

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[FailingPostgres]:
        """Take connections on a free port of loopback."""
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._serve(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self._socket)
        relay = _Relay(self, to_client, to_server)
        self._relays.add(relay)
        ways = [
            asyncio.create_task(relay.pass_questions(from_client)),
            asyncio.create_task(relay.pass_answers(from_server)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._relays.discard(relay)
            for way in ways:
                way.cancel()
            to_client.close()
            to_server.close()


class _Relay:
    """One client's connection; it ends with either way."""

    def __init__(
        self, failing: FailingPostgres, to_client: asyncio.StreamWriter, to_server: asyncio.StreamWriter
    ) -> None:
        self._failing = failing
        self._to_client = to_client
        self._to_server = to_server
        self._loss: Loss | None = None
        self._said_goodbye = False
        self.application_name: str | None = None

    def say_goodbye(self) -> None:
        self._said_goodbye = True
        self._to_client.write(_FAREWELL)

    async def pass_questions(self, from_client: asyncio.StreamReader) -> None:
        while chunk := await from_client.read(_CHUNK):
            if self.application_name is None:
                self.application_name = _name_in(chunk)
            elif chunk != _TERMINATE and (loss := self._failing.due()):
                self._loss = loss
            if self._said_goodbye:
                return
            self._to_server.write(chunk)

    async def pass_answers(self, from_server: asyncio.StreamReader) -> None:
        while chunk := await from_server.read(_CHUNK):
            if self._loss is Loss.UNTOLD:
                return
            self._to_client.write(chunk)
            if self._loss is Loss.FAREWELL and chunk[-6:-1] == _READY:
                self.say_goodbye()


def _name_in(startup: bytes) -> str | None:
    """Read the application's name from a startup message, which is a list of names and values."""
    words = startup.split(b"\0")
    return words[words.index(b"application_name") + 1].decode() if b"application_name" in words else None
