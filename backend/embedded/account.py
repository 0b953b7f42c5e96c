"""Decide which system account runs the servers, and what that account can reach."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from backend.embedded.errors import FolderNotReachable


@dataclass(frozen=True, slots=True)
class Account:
    """The account the servers run as.

    PostgreSQL refuses to run as root. Started by root, the servers run as `nobody`, an account every system has;
    no account is created and no permission of a folder that exists is changed.
    """

    uid: int
    gid: int
    name: str
    switched: bool

    @classmethod
    def of_servers(cls) -> "Account":
        """Return `nobody` for root, and the caller's own account for everybody else."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), "the current user", switched=False)
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError:  # a minimal image without /etc/passwd: the number is the same everywhere
            return cls(65534, 65534, "nobody", switched=True)
        return cls(nobody.pw_uid, nobody.pw_gid, "nobody", switched=True)

    def owns(self, folder: Path) -> bool:
        """Tell whether `folder` is a real directory (no link) of this account that nobody else may enter."""
        found = folder.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == self.uid and not found.st_mode & 0o077

    def make_private(self, folder: Path) -> None:
        """Create `folder`, or take it over when it is the caller's, so that only this account may enter it."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.switched:
            os.chown(folder, self.uid, self.gid, follow_symlinks=False)
        folder.chmod(0o700)

    def can_reach(self, path: Path) -> bool:
        """Tell whether this account may pass every folder above `path` and read `path` itself."""
        resolved = path.resolve()
        return all(self._allows(parent, stat.S_IXOTH) for parent in resolved.parents) and (
            not resolved.exists() or self._allows(resolved, stat.S_IROTH)
        )

    def require_way_to(self, folder: Path) -> None:
        """Raise `FolderNotReachable` naming the first folder above `folder` that is closed to this account."""
        for parent in reversed(folder.resolve().parents):
            if parent.exists() and not self._allows(parent, stat.S_IXOTH):
                raise FolderNotReachable(parent, self.name)

    def _allows(self, path: Path, other_bit: int) -> bool:
        if not self.switched:
            return os.access(path, os.X_OK if other_bit == stat.S_IXOTH else os.R_OK)
        try:
            found = path.stat()
        except FileNotFoundError:
            return True
        if found.st_uid == self.uid:
            return bool(found.st_mode & (other_bit << 6))
        if found.st_gid == self.gid:
            return bool(found.st_mode & (other_bit << 3))
        return bool(found.st_mode & other_bit)
