"""Choose folders for Unix sockets, whose paths the system limits to about a hundred bytes."""

import hashlib
import os
import tempfile
from pathlib import Path

from backend.embedded.account import Account
from backend.embedded.errors import FolderNotOurs

LONGEST_PATH = 103  # bytes: macOS has 104 with the closing zero, Linux 108
LONGEST_NAME = len("/.s.PGSQL.5432")


def socket_folder(preferred: Path, account: Account) -> Path:
    """Make a private folder for sockets: `preferred`, or a short one of the same meaning when its path is too long."""
    if _fits(preferred):
        account.make_private(preferred)
        return preferred
    name = "aurastream-" + hashlib.sha256(os.fsencode(preferred)).hexdigest()[:12]
    candidates = (Path(tempfile.gettempdir()) / name, Path("/tmp") / name)  # noqa: S108 - its owner is checked
    short = next(path for path in candidates if _fits(path))
    try:
        short.mkdir(mode=0o700)
    except FileExistsError:
        if not account.owns(short):
            raise FolderNotOurs(short) from None
    else:
        account.make_private(short)
    return short


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) + LONGEST_NAME <= LONGEST_PATH
