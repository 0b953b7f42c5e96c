"""Ways to PostgreSQL and Valkey on which connections are lost at the moment that a test has chosen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.loopback import listening

_CHUNK: Final = 65_536
_READY: Final = b"Z\x00\x00\x00\x05"  # PostgreSQL's ReadyForQuery ends every answer; one byte of status follows
_TERMINATE: Final = b"X\x00\x00\x00\x04"
_FIELDS: Final = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
_FAREWELL: Final = b"E" + (len(_FIELDS) + 4).to_bytes(4) + _FIELDS


class Loss(StrEnum):
    """How a connection is lost at a message of its client."""

    UNTOLD = "after the server has read it, before its answer arrives"
    FAREWELL = "after the answer, with a farewell, as by a PostgreSQL that is shut down"
    """The client has read the farewell and sees an open connection until it speaks again. On a real server that
    moment is over within milliseconds."""


class FailingServer:
    """Relay what clients and a server on a Unix socket say, until told to lose a connection."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._relays: set[_Relay] = set()
        self._loss: Loss | None = None
        self._messages_before = 0
        self.port = 0

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
    async def listening(self) -> AsyncIterator[Self]:
        """Take connections on a free port of loopback."""
        async with listening(self._serve) as self.port:
            yield self

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self._socket)
        relay = self._relay(to_client, to_server)
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

    def _relay(self, to_client: asyncio.StreamWriter, to_server: asyncio.StreamWriter) -> _Relay:
        return _Relay(self, to_client, to_server)


class FailingValkey(FailingServer):
    """Stand before a Valkey; only `Loss.UNTOLD` has a meaning here."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        super().__init__(unquote(parts.path))
        self._database = parse_qs(parts.query)["db"][0]

    @property
    def url(self) -> str:
        """Give the address of the same database through this relay."""
        return f"redis://127.0.0.1:{self.port}/{self._database}"


class FailingPostgres(FailingServer):
    """Stand before a PostgreSQL."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        super().__init__(f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432")
        self._user, self._path = parts.username, parts.path

    @property
    def url(self) -> str:
        """Give the address of the same database through this relay."""
        return f"postgresql://{self._user}@127.0.0.1:{self.port}{self._path}"

    async def say_goodbye(self, application_name: str) -> None:
        """Send the farewell of a server that is shut down on all connections of that name; return when it is read."""
        for relay in self._relays:
            if isinstance(relay, _PostgresRelay) and relay.application_name == application_name:
                relay.say_goodbye()
        await asyncio.sleep(0.01)  # one look at the sockets: what is there to be read will have been

    def _relay(self, to_client: asyncio.StreamWriter, to_server: asyncio.StreamWriter) -> _Relay:
        return _PostgresRelay(self, to_client, to_server)


class _Relay:
    """One client's connection; it ends with either way."""

    def __init__(self, server: FailingServer, to_client: asyncio.StreamWriter, to_server: asyncio.StreamWriter) -> None:
        self._server = server
        self._to_client = to_client
        self._to_server = to_server
        self._loss: Loss | None = None
        self._said_goodbye = False

    async def pass_questions(self, from_client: asyncio.StreamReader) -> None:
        while chunk := await from_client.read(_CHUNK):
            if self._is_counted(chunk) and (loss := self._server.due()):
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

    def say_goodbye(self) -> None:
        self._said_goodbye = True
        self._to_client.write(_FAREWELL)

    def _is_counted(self, _chunk: bytes) -> bool:
        return True


class _PostgresRelay(_Relay):
    """Knows whose connection it is, and counts neither how it begins nor how its client ends it."""

    application_name: str | None = None

    def _is_counted(self, chunk: bytes) -> bool:
        if self.application_name is None:
            words = chunk.split(b"\0")  # a startup message is a list of names and values
            if b"application_name" in words:
                self.application_name = words[words.index(b"application_name") + 1].decode()
            return False
        return chunk != _TERMINATE
