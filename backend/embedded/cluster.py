"""Create a PostgreSQL data folder, whole or not at all."""

import asyncio
import re
import shutil
import signal
from pathlib import Path

from backend.embedded.account import Account
from backend.embedded.binaries import POSTGRES_MAJOR
from backend.embedded.errors import ClusterNotCreated, DiskFull, OtherMajorVersion
from backend.embedded.logs import Log
from backend.embedded.process import ServerProcess, Step


def require_same_major(data: Path) -> None:
    """Raise `OtherMajorVersion` when `data` was written by a PostgreSQL with another file format."""
    try:
        found = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return
    if found != str(POSTGRES_MAJOR):
        raise OtherMajorVersion(data, found, POSTGRES_MAJOR)


async def create_cluster(data: Path, initdb: Path, *, account: Account, log: Log, durable: bool) -> None:
    """Create the data folder under another name and rename it when complete: a killed start leaves no half of one."""
    draft = data.with_name(data.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    log.mark()
    process = ServerProcess(
        [str(initdb), "-D", str(draft), *_options(durable)],
        account=account,
        folder=data.parent,
        log=log.path,
        on_parent_death=signal.SIGTERM,
    )
    try:
        code = await process.wait()
    except BaseException:
        await process.stop([Step(signal.SIGTERM, 5), Step(signal.SIGKILL, 5)])
        shutil.rmtree(draft, ignore_errors=True)
        raise
    if code != 0:
        await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
        if log.mentions("No space left on device"):
            raise DiskFull(data.parent)
        raise ClusterNotCreated(log.path, log.last_line(re.compile("error|FATAL")))
    draft.rename(data)


def _options(durable: bool) -> list[str]:
    options = [
        "--username=postgres",
        "--auth-local=trust",  # socket and data belong to one account alone: who reaches the one can read the other
        "--auth-host=reject",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
    ]
    return options if durable else [*options, "--no-sync"]
