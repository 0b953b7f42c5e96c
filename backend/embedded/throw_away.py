"""Run a PostgreSQL and a Valkey for one test session, gone with it."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.embedded.account import Account
from backend.embedded.logs import Log
from backend.embedded.postgres import EmbeddedPostgres
from backend.embedded.valkey import EmbeddedValkey


@dataclass(frozen=True, slots=True)
class ThrowAwayServers:
    """Two running servers; `postgres.url(database)` and `valkey.url(number)` say where."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey


@asynccontextmanager
async def throw_away_servers(*, valkey_databases: int = 1024) -> AsyncIterator[ThrowAwayServers]:
    """Start both servers in a temporary folder, and remove servers and folder at the end."""
    account = Account.of_servers()
    folder = _temporary_folder()
    try:
        sockets = folder / "run"
        postgres = EmbeddedPostgres(
            folder / "postgres", sockets=sockets, log=Log(folder / "postgres.log"), account=account, throw_away=True
        )
        valkey = EmbeddedValkey(
            folder / "valkey",
            sockets=sockets,
            log=Log(folder / "valkey.log"),
            account=account,
            throw_away=True,
            databases=valkey_databases,
        )
        async with AsyncExitStack() as stack:
            stack.push_async_callback(postgres.stop)
            stack.push_async_callback(valkey.stop)
            async with asyncio.TaskGroup() as group:
                group.create_task(postgres.start())
                group.create_task(valkey.start())
            yield ThrowAwayServers(postgres, valkey)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="aurastream-test-"))
    folder.chmod(0o711)  # the servers may run as another account
    return folder
