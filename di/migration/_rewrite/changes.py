"""Files before and after, their differences, and writing them so that each is either old or new."""

import contextlib
import difflib
import io
import os
import stat
import tempfile
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from di.migration._json import relative_path


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one file; `before` is None where there is none yet."""

    path: Path
    before: bytes | None
    after: bytes

    def diff(self) -> list[str]:
        """Return the lines of a unified diff."""
        name = shown_path(self.path).lstrip("/")
        old = "/dev/null" if self.before is None else f"a/{name}"
        lines = difflib.unified_diff(_lines(self.before or b""), _lines(self.after), old, f"b/{name}", lineterm="")
        return [line.rstrip("\r\n") for line in lines]


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A file that could not be written, and why."""

    path: Path
    reason: str


def shown_path(path: Path) -> str:
    """Write a path relative to the current folder if it lies below it."""
    relative = relative_path(path)
    return path.as_posix() if relative.startswith("..") else relative


def _lines(content: bytes) -> list[str]:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding).splitlines(keepends=True)


def write_all(changes: Iterable[Change]) -> list[Unwritten]:
    """Write every file that can be written; return the others."""
    failed: list[Unwritten] = []
    for change in changes:
        try:
            write(change)
        except OSError as error:
            failed.append(Unwritten(change.path, error.strerror or str(error)))
    return failed


def write(change: Change) -> None:
    """Replace a file at once: whoever reads it, also after an interruption, finds it old or new.

    A link stays a link, and what it leads to is replaced; permissions are kept. A file that was changed since it was
    read is left alone.

    Raises:
        OSError: it cannot be written, or is not what it was.
    """
    target = change.path.resolve()
    try:
        found, mode = target.read_bytes(), stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        found, mode = None, None
    if found != change.before:
        message = "it was changed while the migration was planned"
        raise OSError(message)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(change.after)
            os.fchmod(file.fileno(), mode if mode is not None else 0o666 & ~_umask())
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    _sync_folder(target.parent)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
