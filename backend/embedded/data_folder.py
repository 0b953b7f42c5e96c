"""Lay out the folder that keeps a checkout's data, and hold it for one supervisor at a time."""

import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from backend.embedded.account import Account
from backend.embedded.errors import DiskFull, FolderInUse, FolderNotWritable
from backend.embedded.settings import LocalSettings

CHECKOUT: Final = Path(__file__).resolve().parents[2]
SYSTEM_DATA: Final = Path("/var/lib/aurastream")
NEEDED_FIRST: Final = 100_000_000  # bytes: an empty cluster and its first write-ahead log
NEEDED_AGAIN: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where everything of one checkout is kept, unless a setting sends a part elsewhere."""

    path: Path

    @classmethod
    def choose(cls, settings: LocalSettings, account: Account, checkout: Path = CHECKOUT) -> Self:
        """Return AURASTREAM_DATA_DIR, else a folder of this checkout's own.

        Root's lies under /var/lib, because the account that runs the servers may not enter /root; everybody else's
        lies in the user's data folder.
        """
        if settings.aurastream_data_dir is not None:
            return cls(settings.aurastream_data_dir.expanduser().absolute())
        if account.switched:
            base = SYSTEM_DATA
        else:
            base = (settings.xdg_data_home or Path.home() / ".local" / "share") / "aurastream"
        digest = hashlib.sha256(os.fsencode(checkout)).hexdigest()[:8]
        return cls(base / f"{checkout.name}-{digest}")

    @property
    def postgres(self) -> Path:
        """Return the folder of PostgreSQL."""
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        """Return the folder of Valkey."""
        return self.path / "valkey"

    @property
    def sockets(self) -> Path:
        """Return the folder of the sockets, where its path is short enough."""
        return self.path / "run"

    @property
    def storage(self) -> Path:
        """Return the folder of stored files."""
        return self.path / "storage"

    @property
    def mail(self) -> Path:
        """Return the folder that receives mails."""
        return self.path / "mail"

    def log(self, name: str) -> Path:
        """Return the log file of one part."""
        return self.path / "logs" / f"{name}.log"

    def prepare(self, account: Account) -> None:
        """Create the folder and see that it can be used and that the disk has room."""
        account.require_way_to(self.path / "postgres")
        try:
            self.path.mkdir(mode=0o711 if account.switched else 0o700, parents=True, exist_ok=True)
            (self.path / "logs").mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise _explain(self.path, error) from error
        free = shutil.disk_usage(self.path).free
        if free < (NEEDED_AGAIN if self.postgres.exists() else NEEDED_FIRST):
            raise DiskFull(self.path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder alone; the kernel lets go of it when this process ends in whatever way."""
        path = self.path / "lock"
        descriptor = _lock(self.path, path)
        try:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(descriptor)

    def secret(self) -> str:
        """Return the signing secret of this folder, made at the first start and readable by its owner alone."""
        path = self.path / "jwt_secret"
        try:
            if not path.exists():
                _write_whole(path, secrets.token_urlsafe(48))
            return path.read_text().strip()
        except OSError as error:
            raise _explain(path, error) from error


def _lock(folder: Path, path: Path) -> int:
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _explain(folder, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_ino == path.stat().st_ino:
                return descriptor
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode().strip()
            os.close(descriptor)
            raise FolderInUse(folder, int(holder) if holder.isdigit() else None) from None
        except FileNotFoundError:
            pass  # its former holder removed it between our opening and locking: try the new one
        os.close(descriptor)


def _write_whole(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def _explain(path: Path, error: OSError) -> DiskFull | FolderNotWritable:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(path)
    return FolderNotWritable(path, error.strerror or str(error))
