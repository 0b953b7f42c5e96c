"""What `di freeze` keeps from growing: module singletons, accessors asked in routes, imports that dodge a cycle."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from di.migration._calls import Calls, Context
from di.migration._facts import Assignment, Function, Module, OriginKind, Role
from di.migration._import_graph import DodgingImport, ImportGraph
from di.migration._inventory import Inventory
from di.migration._json import relative_path
from di.migration._linking import Found, Outside
from di.migration._project import Project
from di.migration._routes import Routes

_BRIDGE: Final = "di.bridge.Bridge"
_BRIDGING: Final = frozenset({("get",), ("resolve",)})


class FrozenKind(StrEnum):
    """The three things that may not become more."""

    SINGLETON = "module-singleton"
    ROUTE_CALL = "route-call"
    LOCAL_IMPORT = "local-import"


class Entry(NamedTuple):
    """What something is known by, whichever line it stands on; files are relative to the folder of the baseline."""

    kind: FrozenKind
    file: str
    function: str  # empty for singletons
    name: str  # the accessor, or the file that is imported


@dataclass(frozen=True, slots=True)
class Sighting:
    """One place where something stands that is frozen."""

    entry: Entry
    path: Path
    line: int
    dodging: DodgingImport | None = None


class Frozen:
    """Everything below a path that is to be frozen."""

    def __init__(self, project: Project, folder: Path) -> None:
        self._project = project
        self._folder = folder
        self._routes = Routes(project)
        self._inventory = Inventory(project, self._routes)
        self.imports = ImportGraph(project)
        self.sightings = sorted(
            (*self._singletons(), *self._route_calls(), *self._bridged_calls(), *self._local_imports()),
            key=lambda each: (each.entry, each.line),
        )

    def files_of(self, sighting: Sighting) -> set[Path]:
        """Return the files that may have brought something about: where it stands, and those on its cycle."""
        way = self.imports.way_back(sighting.dodging)[0] if sighting.dodging is not None else ()
        return {sighting.path, *way}

    def _singletons(self) -> Iterator[Sighting]:
        for each in self._inventory.accessors:
            if not each.is_second_name:  # those keep nothing
                yield self._sighting(FrozenKind.SINGLETON, each.module, each.line, "", each.name)

    def _route_calls(self) -> Iterator[Sighting]:
        for call in Calls(self._project, self._routes, self._inventory).all:
            if call.context is Context.ROUTE and call.function is not None:
                function, name = call.function.qualname, call.accessor.name
                yield self._sighting(FrozenKind.ROUTE_CALL, call.module, call.line, function, name)

    def _bridged_calls(self) -> Iterator[Sighting]:
        """Yield the calls in routes of getters that are bridges: they keep nothing, and are asked all the same."""
        bridged = {id(item) for module, item in self._project.functions() if self._is_bridged(module, item)}
        for module in self._project.sources if bridged else ():
            for reference in module.references:
                function = module.function_of(reference) if reference.role is Role.CALL else None
                if function is None or self._routes.handler_around(module, function) is None:
                    continue
                target = self._project.linker.resolve(reference.symbol, module)
                if isinstance(target, Found) and id(target.item) in bridged and not target.rest:
                    name = target.name
                    yield self._sighting(FrozenKind.ROUTE_CALL, module, reference.line, function.qualname, name)

    def _is_bridged(self, module: Module, function: Function) -> bool:
        for returned in function.returns:
            for origin in returned.origins:
                if origin.kind is not OriginKind.CALL or origin.symbol is None:
                    continue
                target = self._project.linker.resolve(origin.symbol, module)
                if isinstance(target, Found) and target.rest in _BRIDGING and self._is_bridge(target):
                    return True
        return False

    def _is_bridge(self, target: Found) -> bool:
        if not isinstance(target.item, Assignment):
            return False
        made = (each.symbol for each in target.item.origins if each.kind is OriginKind.CALL and each.symbol is not None)
        classes = (self._project.linker.resolve(each, target.module) for each in made)
        return any(isinstance(each, Outside) and each.name == _BRIDGE for each in classes)

    def _local_imports(self) -> Iterator[Sighting]:
        for each in self.imports.dodging():
            if each.module.generated:  # its imports are the tool's, and nobody chose them to dodge anything
                continue
            name = relative_path(each.target, self._folder)
            function = each.function.qualname
            yield self._sighting(FrozenKind.LOCAL_IMPORT, each.module, each.line, function, name, each)

    def _sighting(
        self,
        kind: FrozenKind,
        module: Module,
        line: int,
        function: str,
        name: str,
        dodging: DodgingImport | None = None,
    ) -> Sighting:
        entry = Entry(kind, relative_path(module.path, self._folder), function, name)
        return Sighting(entry, module.path, line, dodging)
