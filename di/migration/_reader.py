"""Reads one file: parses it with the standard library and keeps what it says as `Module`."""

import ast
import gc
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from di.migration._context import Context
from di.migration._definitions import Definitions
from di.migration._facts import WRITTEN_BY, Module, Unread
from di.migration._names import Scope, ScopeKind
from di.migration._scopes import bind_block, symbols_imported

FILES_PER_PROCESS: Final = 50  # fewer are read before a process has started
RECURSION_LIMIT: Final = 12_000  # long chains of `a + b + ...` nest deeply; Python's own frames do not use the C stack


def read_files(paths: Iterable[Path]) -> Iterator[Module | Unread]:
    """Read one file after the other; what cannot be read is named, and the run goes on."""
    with _deep_recursion(), _no_collection(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the parser warns of escape sequences in the code it reads
        for path in paths:
            yield read_file(path)


def read_in_parallel(paths: Sequence[Path], jobs: int) -> Iterator[Module | Unread]:
    """Read files in several processes where there are enough of them, in order.

    The processes are started afresh: they import this package and nothing of the code that is read.
    """
    workers = min(jobs, len(paths) // FILES_PER_PROCESS)
    if workers < 2:
        yield from read_files(paths)
        return
    size = max(1, len(paths) // (workers * 8))
    chunks = [paths[start : start + size] for start in range(0, len(paths), size)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for read in pool.map(_read_chunk, chunks):
            yield from read


def _read_chunk(paths: Sequence[Path]) -> list[Module | Unread]:
    return list(read_files(paths))


def read_file(path: Path) -> Module | Unread:
    """Read one file in whatever encoding it declares."""
    try:
        source = path.read_bytes()
    except OSError as error:
        return Unread(path, f"cannot be read: {error.strerror}")
    try:
        tree = ast.parse(source, filename=path.name)
        return _read_tree(tree, Module(path, source.count(b"\n") + 1), deep=b":=" in source or b"yield" in source)
    except SyntaxError as error:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        where = f" in line {error.lineno}" if error.lineno else ""
        return Unread(path, f"is no Python {version} source{where}: {error.msg}")
    except ValueError as error:
        return Unread(path, f"is no source text: {error}")
    except (RecursionError, MemoryError):
        return Unread(path, "nests too deeply for the parser")


def _read_tree(tree: ast.Module, module: Module, *, deep: bool) -> Module:
    context = Context(module, deep)
    module.generated = WRITTEN_BY in (ast.get_docstring(tree, clean=False) or "")
    bound = bind_block(tree.body, None, deep=deep)
    module.stars = bound.stars
    for name, symbols in bound.names.items():
        imported = [each for each in symbols if each is not None and each.source == "import"]
        if imported:
            module.bindings[name] = list(imported)
    context.names.scopes.append(Scope(ScopeKind.MODULE, bound))
    module.imports.update(bound.imports)
    imports = (each for each in tree.body if isinstance(each, ast.Import | ast.ImportFrom))
    module.certain_loads = [symbol for each in imports for symbol in symbols_imported(each)]
    Definitions(context).visit_block(tree.body)
    return module


@contextmanager
def _deep_recursion() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Spare the collector the syntax trees: walking them again and again takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
