"""Choose folders for Unix sockets, whose paths the system limits to about a hundred bytes."""

import hashlib
import os
import tempfile
from pathlib import Path

from backend.embedded.account import Account
from backend.embedded.errors import FolderNotOurs

LONGEST_PATH = 103  # bytes: macOS has 104 with the closing zero, Linux 108
LONGEST_NAME = len("/.s.PGSQL.5432")


def choose_socket_folder(preferred: Path) -> Path:
    """Return `preferred`, or a short folder of the same meaning when its path is too long."""
    if _fits(preferred):
        return preferred
    name = "aurastream-" + hashlib.sha256(os.fsencode(preferred)).hexdigest()[:12]
    candidates = (Path(tempfile.gettempdir()) / name, Path("/tmp") / name)  # noqa: S108 - its owner is checked
    return next(path for path in candidates if _fits(path))


def make_socket_folder(folder: Path, account: Account) -> None:
    """Create the folder for `account` alone; raise `FolderNotOurs` when somebody else made it first."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not account.owns(folder):
            raise FolderNotOurs(folder) from None
    else:
        account.make_private(folder)


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) + LONGEST_NAME <= LONGEST_PATH
