"""Run one Valkey server on a Unix socket, for a user's data or for one test session."""

import asyncio
import re
import signal
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from backend.embedded.account import Account
from backend.embedded.binaries import find_valkey
from backend.embedded.errors import DiskFull, NotReadyInTime, NotStarted, Server, StoppedWhileStarting
from backend.embedded.leftovers import end_leftover
from backend.embedded.logs import Log
from backend.embedded.process import ServerProcess, Step
from backend.embedded.sockets import choose_socket_folder, make_socket_folder

START_LIMIT = 120.0  # seconds: a large append-only file is read back first
POLL = 0.02
STOP_DURABLE = (Step(signal.SIGTERM, 20), Step(signal.SIGKILL, 5))
STOP_THROW_AWAY = (Step(signal.SIGKILL, 5),)


class EmbeddedValkey:
    """A Valkey server that ends with this process and listens on a socket only its account can reach.

    Every write is on disk before it is answered (`appendfsync always`), because refresh tokens and revocations live
    here; with `throw_away` nothing is written at all. `databases` is the number of numbered databases.
    """

    def __init__(
        self, folder: Path, *, sockets: Path, log: Log, account: Account, throw_away: bool = False, databases: int = 16
    ) -> None:
        self._folder = folder
        self._sockets = choose_socket_folder(sockets)
        self._log = log
        self._account = account
        self._throw_away = throw_away
        self._databases = databases
        self._process: ServerProcess | None = None

    @property
    def name(self) -> str:
        """Return the name people know it by."""
        return Server.VALKEY

    @property
    def started(self) -> str:
        """Return what is known after a start: it takes connections."""
        return "ready"

    @property
    def pid(self) -> int | None:
        """Return the pid of the running server."""
        return self._process.pid if self._process and self._process.running else None

    @property
    def socket(self) -> Path:
        """Return the path of the socket."""
        return self._sockets / "valkey.sock"

    def url(self, database: int = 0) -> str:
        """Return the URL of a numbered database on this server."""
        return f"unix://{quote(str(self.socket), safe='/')}?db={database}"

    async def start(self) -> None:
        """Start the server and return when it answers; raise an `EmbeddedError` of one line when it cannot."""
        binary = await asyncio.to_thread(find_valkey, self._account)
        self._account.make_private(self._folder)
        await end_leftover(self._folder / "valkey.pid", self._folder, STOP_DURABLE)
        make_socket_folder(self._sockets, self._account)
        self._log.mark()
        self._process = ServerProcess(
            [str(binary), *self._options()],
            account=self._account,
            folder=self._folder,
            log=self._log.path,
            on_parent_death=signal.SIGTERM,
        )
        try:
            await self._until_ready()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the server; what was written is on disk."""
        if self._process is not None:
            await self._process.stop(STOP_THROW_AWAY if self._throw_away else STOP_DURABLE)
        self.socket.unlink(missing_ok=True)

    def hurry(self) -> None:
        """End at once; every answered write is on disk already."""
        if self._process is not None:
            self._process.send(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait until the started server ends and return its exit code."""
        if self._process is None:
            raise NotStarted(Server.VALKEY)
        return await self._process.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self.stop()

    def _options(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "pidfile": str(self._folder / "valkey.pid"),
            "databases": str(self._databases),
            "daemonize": "no",
            "logfile": "",
            "loglevel": "notice",
            "save": "",
            "appendonly": "no" if self._throw_away else "yes",
            "appendfsync": "always",
            "aof-load-truncated": "yes",  # a write cut short by a crash was never answered
            "maxmemory-policy": "noeviction",
        }
        return [option for name, value in settings.items() for option in (f"--{name}", value)]

    async def _until_ready(self) -> None:
        deadline = time.monotonic() + START_LIMIT
        while not await self._answers():
            if self.pid is None:
                raise self._why_it_stopped()
            if time.monotonic() > deadline:
                raise NotReadyInTime(Server.VALKEY, START_LIMIT, self._log.path, self._last_words())
            await asyncio.sleep(POLL)

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.socket))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        try:
            writer.write(b"PING\r\n")
            return await reader.readline() == b"+PONG\r\n"
        except ConnectionResetError:
            return False
        finally:
            writer.close()

    def _why_it_stopped(self) -> DiskFull | StoppedWhileStarting:
        if self._log.mentions("No space left on device"):
            return DiskFull(self._folder)
        return StoppedWhileStarting(Server.VALKEY, self._log.path, self._last_words())

    def _last_words(self) -> str:
        return self._log.last_line(re.compile("Fatal|FATAL|error|Can't|Bad"))
