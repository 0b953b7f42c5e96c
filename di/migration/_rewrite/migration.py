"""Plans a migration and renders the files that change; nothing is written here."""

import ast
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from di.migration._calls import Context
from di.migration._facts import Module, Unread
from di.migration._rewrite.bridging import BRIDGE_NAME, Bridged, Bridging, bridge_text, registered_types
from di.migration._rewrite.changes import Change
from di.migration._rewrite.container_file import REGISTER, add_container, hand_to_container
from di.migration._rewrite.dependencies_file import write_dependencies
from di.migration._rewrite.installing import plan_installation
from di.migration._rewrite.naming import dotted_name
from di.migration._rewrite.plan import Plan
from di.migration._rewrite.planning import Planner
from di.migration._rewrite.reading import Reading
from di.migration._rewrite.rewriting import rewrite
from di.migration._rewrite.sources import read_source
from di.migration._rewrite.wrappers import TypeName, Wrappers

FILE_NAME = "service_dependencies.py"


@dataclass(frozen=True, slots=True)
class Options:
    """What a migration is asked for."""

    stages: frozenset[int] = frozenset({1, 2, 3})
    files: frozenset[Path] = frozenset()  # none: all
    early: frozenset[str] = frozenset()  # accessors that may be asked earlier than now
    style: str = "depends"  # or "container"
    services: tuple[str, ...] = ()  # getters that become bridges: stage 4, alone
    dependencies: Path | None = None  # where the wrappers are written; None: where they fit


@dataclass(frozen=True, slots=True)
class Migration:
    """What would be done, and the files that would change."""

    plan: Plan
    changes: tuple[Change, ...]
    unread: tuple[Unread, ...]
    dependencies: Path
    unused: int  # imports that nothing uses any more
    bridged: Bridged  # the outcome of stage 4
    moves: bool  # whether handlers change: stage 2 is part of it
    installed: bool  # whether the container, if one is needed, is installed into an application


def plan_migration(root: Path, options: Options, jobs: int = 1) -> Migration:
    """Read a code base and plan its migration."""
    reading = Reading(root, jobs)
    path = options.dependencies or find_place(reading)
    if options.services:
        return _plan_bridges(reading, path, options)
    existing = read_source(path) if path.exists() else None
    injectable = _imported_anyway(reading, path) if options.style == "container" else None
    wrappers = Wrappers(existing.tree if existing is not None else None, injectable)
    planner = Planner(
        reading, wrappers, early=options.early, may_add=1 in options.stages, change_tests=3 in options.stages
    )
    import_name = partial(_name_for, reading, path)
    plan = planner.plan_all(options.files, import_name)
    needs_container = any(each.wrapper.by_type for each in plan.moved)
    installed = not needs_container or plan_installation(reading, plan, import_name)
    changes: list[Change] = []
    if 1 in options.stages:
        changes += _dependencies_change(path, wrappers, plan)
    if 2 in options.stages:
        changes += _edited(reading, plan)
    return Migration(
        plan,
        tuple(changes),
        tuple(reading.project.unread),
        path,
        planner.unused,
        Bridged(),
        2 in options.stages,
        installed,
    )


def _edited(reading: Reading, plan: Plan) -> list[Change]:
    return [
        Change(each, reading.trees[each].bytes, rewrite(each, reading.trees[each], edits))
        for each, (_, edits) in sorted(plan.edits.items())
        if edits
    ]


def _plan_bridges(reading: Reading, path: Path, options: Options) -> Migration:
    """Plan stage 4: what the container makes, and the getters that ask it."""
    before = path.read_bytes() if path.exists() else b""
    plan, bridge_path = Plan(), path.parent / BRIDGE_NAME
    if f"def {REGISTER}(".encode() not in before:
        missing = (
            f"no {REGISTER}() in {path.name}: run `di migrate PATH --style container --write` first; "
            "wrappers of the other style have to be reverted before"
        )
        refused = Bridged(refused=[(each, missing) for each in options.services])
        return Migration(plan, (), tuple(reading.project.unread), path, 0, refused, moves=False, installed=True)
    bridging = Bridging(reading, registered_types(path), _injectable(reading, path))
    bridge_module = dotted_name(bridge_path, _root_of(reading, path))
    bridged = bridging.plan_all(options.services, plan, bridge_module)
    changes = _edited(reading, plan)
    if bridged.services:
        text = hand_to_container(before.decode(), bridged.services, bridge_module)
        ast.parse(text)
        changes = [Change(path, before, text.encode()), *changes]
        if not bridge_path.exists():
            changes = [Change(bridge_path, None, bridge_text().encode()), *changes]
    return Migration(plan, tuple(changes), tuple(reading.project.unread), path, 0, bridged, moves=False, installed=True)


def _root_of(reading: Reading, path: Path) -> Path:
    module = reading.project.linker.index.modules.get(path)
    return reading.names.root_of(module) if module is not None else path.parent


def find_place(reading: Reading) -> Path:
    """Return where the wrappers belong: where they are already, or in the package around handlers and services."""
    written = [each.path for each in reading.project.sources if each.path.name == FILE_NAME]
    if len(written) == 1:
        return written[0]
    concerned: set[Path] = set()
    for call in reading.calls.all:
        if call.context is Context.ROUTE:
            concerned |= {call.module.path.parent, call.accessor.module.path.parent}
    root = reading.project.root
    folder = Path(os.path.commonpath(concerned)) if concerned else root if root.is_dir() else root.parent
    return folder / FILE_NAME


def _injectable(reading: Reading, path: Path) -> Callable[[TypeName], bool]:
    """Return whether the module of the wrappers may import a class without closing a cycle."""
    routes = {path, *_handlers(reading)}

    def may_import(name: TypeName) -> bool:
        home = reading.project.linker.index.find(name.module, path)
        return home is not None and routes.isdisjoint(reading.imports.imported_with(home, path))

    return may_import


def _imported_anyway(reading: Reading, path: Path) -> Callable[[TypeName], bool]:
    """Return whether the module of the wrappers may import a class that nobody has named: nothing is imported anew."""
    may_import = _injectable(reading, path)
    running = reading.imports.imported_anyway([path, *_handlers(reading)])
    find = reading.project.linker.index.find
    return lambda name: find(name.module, path) in running and may_import(name)


def _handlers(reading: Reading) -> set[Path]:
    return {each.module.path for each in reading.calls.all if each.context is Context.ROUTE}


def _name_for(reading: Reading, path: Path, module: Module) -> str:
    root = reading.names.root_of(module)
    return dotted_name(path, root) if path.is_relative_to(root) else path.stem


def _dependencies_change(path: Path, wrappers: Wrappers, plan: Plan) -> Iterable[Change]:
    before = path.read_bytes() if path.exists() else None
    needed = {each.wrapper for each in plan.moved}
    missing = [each for each in needed if not wrappers.is_written(each)]
    if not missing:
        return
    text = add_container(write_dependencies(before.decode() if before is not None else None, missing), missing)
    ast.parse(text)
    yield Change(path, before, text.encode())
