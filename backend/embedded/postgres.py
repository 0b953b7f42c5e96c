"""Run one PostgreSQL server on a Unix socket, for a user's data or for one test session."""

import asyncio
import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import asyncpg

from backend.embedded.account import Account
from backend.embedded.binaries import find_postgres
from backend.embedded.cluster import create_cluster, require_same_major
from backend.embedded.errors import DiskFull, NotReadyInTime, NotStarted, Server, StoppedWhileStarting
from backend.embedded.leftovers import end_leftover, pid_in
from backend.embedded.logs import Log
from backend.embedded.process import SERVER_ENVIRONMENT, ServerProcess, Step
from backend.embedded.sockets import choose_socket_folder, make_socket_folder

OWNER = "aurastream"
START_LIMIT = 300.0  # seconds: after a crash the server first replays its write-ahead log
POLL = 0.02
MEMORY_LIMIT = 20.0
MEMORY_POLL = 0.2
STOP_DURABLE = (Step(signal.SIGINT, 30), Step(signal.SIGQUIT, 10), Step(signal.SIGKILL, 10))
STOP_THROW_AWAY = (Step(signal.SIGQUIT, 5), Step(signal.SIGKILL, 5))

COMMON = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "jit": "off",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",  # statements carry users' data: they stay out of the log
}
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "max_wal_size": "512MB"}
THROW_AWAY = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "autovacuum": "off",  # its workers keep a database from being dropped, and nothing lives long enough to need it
}


class EmbeddedPostgres:
    """A PostgreSQL server that ends with this process and listens on a socket only its account can reach.

    `folder` holds the data (`data/`). With `throw_away`, nothing is forced to disk: fast, and lost in a power cut.
    The application logs in as `aurastream`, who, as on a hosted Supabase, may create roles and databases and bypass
    row-level security, but is no superuser.
    """

    def __init__(self, folder: Path, *, sockets: Path, log: Log, account: Account, throw_away: bool = False) -> None:
        self._folder = folder
        self._sockets = choose_socket_folder(sockets)
        self._log = log
        self._account = account
        self._throw_away = throw_away
        self._process: ServerProcess | None = None

    @property
    def name(self) -> str:
        """Return the name people know it by."""
        return Server.POSTGRES

    @property
    def started(self) -> str:
        """Return what is known after a start: it takes connections."""
        return "ready"

    @property
    def pid(self) -> int | None:
        """Return the pid of the running server."""
        return self._process.pid if self._process and self._process.running else None

    def url(self, database: str = "aurastream") -> str:
        """Return the DSN of a database on this server; it holds no password."""
        return f"postgresql://{OWNER}@/{quote(database, safe='')}?host={quote(str(self._sockets), safe='/')}"

    async def start(self) -> None:
        """Start the server, creating its data at the first start; return when it takes connections.

        Raises an `EmbeddedError` of one line when it cannot, with everything it started stopped again.
        """
        data = self._folder / "data"
        binaries = await asyncio.to_thread(find_postgres, self._account)
        self._account.make_private(self._folder)
        require_same_major(data)
        if not data.exists():
            await create_cluster(
                data, binaries.initdb, account=self._account, log=self._log, durable=not self._throw_away
            )
        await end_leftover(data / "postmaster.pid", data, STOP_DURABLE)
        make_socket_folder(self._sockets, self._account)
        for stale in self._sockets.glob(".s.PGSQL.*"):  # the data's own lock decides whether another server runs
            stale.unlink(missing_ok=True)
        deadline = time.monotonic() + MEMORY_LIMIT
        while True:
            try:
                return await self._run(binaries.postgres, data)
            except StoppedWhileStarting:
                # Children of a killed server take a moment to notice; until then its memory is in use.
                if not self._log.mentions("pre-existing shared memory block") or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(MEMORY_POLL)

    async def _run(self, program: Path, data: Path) -> None:
        self._log.mark()
        self._process = ServerProcess(
            [str(program), "-D", str(data), "-k", str(self._sockets), *self._options()],
            account=self._account,
            folder=data,
            log=self._log.path,
            on_parent_death=signal.SIGQUIT if self._throw_away else signal.SIGINT,
            environment=SERVER_ENVIRONMENT | _known_dead(data / "postmaster.pid"),
        )
        try:
            await self._until_ready(data)
            await self._create_owner_and_database()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the server: connections are closed, what was committed is on disk."""
        if self._process is not None:
            await self._process.stop(STOP_THROW_AWAY if self._throw_away else STOP_DURABLE)

    def hurry(self) -> None:
        """End at once; what was committed is replayed from the write-ahead log at the next start."""
        if self._process is not None:
            self._process.send(signal.SIGQUIT)

    async def wait(self) -> int:
        """Wait until the started server ends and return its exit code."""
        if self._process is None:
            raise NotStarted(Server.POSTGRES)
        return await self._process.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self.stop()

    def _options(self) -> Sequence[str]:
        settings = COMMON | (THROW_AWAY if self._throw_away else DURABLE)
        return [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]

    async def _until_ready(self, data: Path) -> None:
        deadline = time.monotonic() + START_LIMIT
        while not self._is_ready(data / "postmaster.pid"):
            if self.pid is None:
                raise self._why_it_stopped()
            if time.monotonic() > deadline:
                raise NotReadyInTime(Server.POSTGRES, START_LIMIT, self._log.path, self._last_words())
            await asyncio.sleep(POLL)

    def _is_ready(self, status_file: Path) -> bool:
        """Read what `pg_ctl` reads too: line 1 is the pid of the server, line 8 its state."""
        try:
            lines = status_file.read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _why_it_stopped(self) -> DiskFull | StoppedWhileStarting:
        if self._log.mentions("No space left on device"):
            return DiskFull(self._folder)
        return StoppedWhileStarting(Server.POSTGRES, self._log.path, self._last_words())

    def _last_words(self) -> str:
        return self._log.last_line(re.compile("FATAL|PANIC|ERROR"))

    async def _create_owner_and_database(self) -> None:
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            user="postgres", database="postgres", host=str(self._sockets)
        )
        try:
            if not await connection.fetchval("select exists(select from pg_roles where rolname = $1)", OWNER):
                await connection.execute(f"create role {OWNER} login createdb createrole bypassrls")
            if not await connection.fetchval("select exists(select from pg_database where datname = $1)", OWNER):
                await connection.execute(f"create database {OWNER} owner {OWNER}")
        except asyncpg.DiskFullError as error:
            raise DiskFull(self._folder) from error
        finally:
            await connection.close()


def _known_dead(pid_file: Path) -> dict[str, str]:
    """Tell PostgreSQL that the pid a crash left in its lock file is not its former self.

    It goes by the number alone, which may be a zombie's or, after a restart of the machine, anybody's, and refuses to
    start. The leftover was ended before; that its memory is free PostgreSQL still checks itself.
    """
    pid = pid_in(pid_file)
    return {"PG_GRANDPARENT_PID": str(pid)} if pid is not None else {}
