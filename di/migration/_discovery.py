"""Finds the Python files below a path; what cannot be read becomes one line and the search goes on."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from di.migration._facts import Unread

SKIPPED_FOLDERS: Final = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "env"})
MAXIMUM_BYTES: Final = 20_000_000  # a Python file beyond this is data


def find_files(root: Path) -> Iterator[Path | Unread]:
    """Yield each file once, in sorted order, also when several symbolic links lead to it.

    Hidden folders, virtual environments and installed packages are left out.
    """
    if root.is_file():
        yield root
        return
    folders: set[tuple[int, int]] = set()
    files: set[tuple[int, int]] = set()
    yield from _find_below(root, folders, files)


def _find_below(folder: Path, folders: set[tuple[int, int]], files: set[tuple[int, int]]) -> Iterator[Path | Unread]:
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            entries = sorted(os.scandir(current), key=lambda each: each.name)
            folders.add(_identity(current.stat()))
        except OSError as error:
            yield Unread(current, f"folder cannot be read: {error.strerror}")
            continue
        below: list[Path] = []
        for entry in entries:
            found = _look_at(entry, folders, files)
            if isinstance(found, Unread) or (found is not None and found.suffix == ".py" and not entry.is_dir()):
                yield found
            elif found is not None:
                below.append(found)
        waiting.extend(reversed(below))


def _look_at(
    entry: os.DirEntry[str], folders: set[tuple[int, int]], files: set[tuple[int, int]]
) -> Path | Unread | None:
    path = Path(entry.path)
    try:
        status = entry.stat()
    except OSError as error:
        wanted = entry.name.endswith(".py") or entry.is_symlink()
        return Unread(path, f"cannot be read: {error.strerror}") if wanted else None
    if stat.S_ISDIR(status.st_mode):
        if entry.name.startswith(".") or entry.name in SKIPPED_FOLDERS or (path / "pyvenv.cfg").exists():
            return None
        if entry.is_symlink() and _is_above(path):
            return Unread(path, "is a symbolic link to a folder above itself")
        identity = _identity(status)
        seen = identity in folders
        folders.add(identity)
        return None if seen else path
    if not entry.name.endswith(".py"):
        return None
    if not stat.S_ISREG(status.st_mode):
        return Unread(path, "is not a regular file")
    if status.st_size > MAXIMUM_BYTES:
        return Unread(path, f"has {status.st_size:,} bytes, more than source code has")
    if _identity(status) in files:
        return None
    files.add(_identity(status))
    return path


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _is_above(link: Path) -> bool:
    target = link.resolve()
    return link.parent.resolve().is_relative_to(target)
