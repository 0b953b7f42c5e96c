"""Run a PostgreSQL and a Valkey for one test session, gone with it."""

import asyncio
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.embedded.account import Account
from backend.embedded.logs import Log
from backend.embedded.postgres import EmbeddedPostgres
from backend.embedded.valkey import EmbeddedValkey

PREFIX: Final = "aurastream-test-"
YOUNG: Final = 3600.0  # seconds: a folder may be this old before it is suspected to be forgotten


@dataclass(frozen=True, slots=True)
class ThrowAwayServers:
    """Two running servers; `postgres.url(database)` and `valkey.url(number)` say where."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey


@asynccontextmanager
async def throw_away_servers(*, valkey_databases: int = 1024) -> AsyncIterator[ThrowAwayServers]:
    """Start both servers in a temporary folder, and remove servers and folder at the end."""
    account = Account.of_servers()
    await asyncio.to_thread(_remove_forgotten)
    folder = _temporary_folder()
    descriptor = _hold(folder)
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
        os.close(descriptor)


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    folder.chmod(0o711)  # the servers may run as another account
    return folder


def _hold(folder: Path) -> int:
    """Show that the folder is in use for as long as this process lives."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove_forgotten() -> None:
    """Remove what sessions that were killed left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.stat().st_uid == os.geteuid() and time.time() - folder.stat().st_mtime > YOUNG:
                os.close(_hold(folder))
                shutil.rmtree(folder, ignore_errors=True)
