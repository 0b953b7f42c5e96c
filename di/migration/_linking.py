"""Follows names through imports, aliases, re-exports and base classes to what they mean."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from di.migration._facts import Assignment, Binding, Class, Function, Module, OriginKind, Source, Symbol
from di.migration._modules import ModuleIndex


@dataclass(frozen=True, slots=True)
class Found:
    """A definition of the code base, and the attributes that were asked of it beyond what was read."""

    module: Module
    item: Function | Class | Assignment
    rest: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name it has in its module."""
        return self.item.name if isinstance(self.item, Assignment) else self.item.qualname


@dataclass(frozen=True, slots=True)
class Outside:
    """Something that is not in the code base: installed, of the standard library, or a builtin."""

    name: str

    @property
    def last(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(".")[2]

    @property
    def package(self) -> str:
        """The first part of its name."""
        return self.name.partition(".")[0]


Target = Found | Outside | None


class Slot(NamedTuple):
    """Where an instance is kept: a module variable, or a part of one, of a class or of a function."""

    path: Path
    name: str
    rest: tuple[str, ...] = ()


class Linker:
    """Resolves symbols; answers are kept, because the same names are used again and again."""

    def __init__(self, index: ModuleIndex) -> None:
        self.index = index
        self._known: dict[tuple[Path, Symbol], Target] = {}

    def resolve(self, symbol: Symbol, module: Module) -> Target:
        """Return what a symbol of a module means, None if that cannot be known."""
        key = (module.path, symbol)
        if key not in self._known:
            self._known[key] = None  # what leads back to itself means nothing
            self._known[key] = self._resolve(symbol, module)
        return self._known[key]

    def module_of(self, symbol: Symbol, module: Module) -> Module | None:
        """Return the module a name of a module means, None if it means something else."""
        if symbol.source is Source.MODULE:
            bound = module.bindings.get(symbol.path[0], [])
            imported = next((each for each in bound if isinstance(each, Symbol)), None)
            return None if imported is None else self.module_of(imported.below(*symbol.path[1:]), module)
        path = self.index.find(symbol.home, module.path) if symbol.source is Source.IMPORT else None
        for part in symbol.path:
            path = self.index.child(path, part) if path is not None else None
        return self.index.modules.get(path) if path is not None else None

    def slot_of(self, symbol: Symbol, module: Module) -> Slot | None:
        """Return the place a symbol names, also one that only a `global` statement declares."""
        target = self.resolve(symbol, module)
        if isinstance(target, Found):
            return Slot(target.module.path, target.name, target.rest)
        if target is None and symbol.source is Source.MODULE:
            return Slot(module.path, symbol.path[0], symbol.path[1:])
        return None

    def _resolve(self, symbol: Symbol, module: Module) -> Target:
        match symbol.source:
            case Source.BUILTIN:
                starred = self._find_starred(symbol.path[0], module)
                if starred is not None:
                    return self._walk(starred, symbol.path[1:])
                return Outside(".".join(symbol.path))
            case Source.MODULE:
                return self._in_module(module, symbol.path)
            case Source.IMPORT:
                return self._imported(symbol, module)
            case Source.NESTED:
                return self._nested(module, symbol.path)
            case Source.SELF:
                owner = module.classes.get(symbol.home)
                return None if owner is None else self._walk(Found(module, owner), symbol.path)

    def _imported(self, symbol: Symbol, module: Module) -> Target:
        path = self.index.find(symbol.home, module.path)
        if path is None:
            return Outside(".".join((symbol.home, *symbol.path)).lstrip("."))
        return self._below(path, symbol.path)

    def _below(self, path: Path, parts: tuple[str, ...]) -> Target:
        """Follow attributes of a module: its own names first, then its submodules."""
        module = self.index.modules.get(path)
        if not parts:
            return None
        own = Symbol(Source.MODULE, "", parts)
        if module is not None and parts[0] in module.bindings:
            found = self.resolve(own, module)
            if found is not None:
                return found
        child = self.index.child(path, parts[0])
        if child is not None:
            return self._below(child, parts[1:])
        return self.resolve(own, module) if module is not None else None

    def _in_module(self, module: Module, parts: tuple[str, ...]) -> Target:
        bindings = module.bindings.get(parts[0])
        if not bindings:
            starred = self._find_starred(parts[0], module)
            return None if starred is None else self._walk(starred, parts[1:])
        outside: Target = None
        for binding in _by_preference(bindings):
            found = self._bound(binding, module, parts[1:])
            if isinstance(found, Found):
                return found
            outside = outside or found
        return outside

    def _bound(self, binding: Binding, module: Module, rest: tuple[str, ...]) -> Target:
        if isinstance(binding, Symbol):
            return self.resolve(binding.below(*rest), module)
        if isinstance(binding, Assignment):
            alias = _alias_of(binding)
            if alias is not None:
                target = self.resolve(alias.below(*rest), module)
                if isinstance(target, Found) and isinstance(target.item, Function | Class):
                    return target
        return self._walk(Found(module, binding), rest)

    def _walk(self, found: Target, rest: tuple[str, ...]) -> Target:
        """Follow attributes of a definition: members of classes; of anything else they stay as they are."""
        if not rest or not isinstance(found, Found):
            return found if not isinstance(found, Outside) else Outside(".".join((found.name, *rest)))
        if isinstance(found.item, Class):
            member = self.member(found.module, found.item, rest[0])
            if member is not None:
                return self._walk(member, rest[1:])
        return Found(found.module, found.item, found.rest + rest)

    def _nested(self, module: Module, path: tuple[str, ...]) -> Target:
        name = path[0]
        if name in module.classes:
            return self._walk(Found(module, module.classes[name]), path[1:])
        found = next((each for each in module.functions if each.qualname == name), None)
        return None if found is None else Found(module, found, path[1:])

    def _find_starred(self, name: str, module: Module) -> Target:
        for star in module.stars:
            path = self.index.find(star, module.path)
            source = self.index.modules.get(path) if path is not None else None
            if source is None or source is module:
                continue
            if (name in source.exported) if source.exported is not None else not name.startswith("_"):
                found = self.resolve(Symbol(Source.MODULE, "", (name,)), source)
                if isinstance(found, Found):
                    return found
        return None

    def ancestors(self, module: Module, item: Class) -> Iterator[tuple[Module, Class] | Outside]:
        """Yield a class, then its base classes, nearest first; installed ones as `Outside`."""
        seen: set[int] = set()
        waiting = [(module, item)]
        while waiting:
            home, current = waiting.pop(0)
            if id(current) in seen:
                continue
            seen.add(id(current))
            yield home, current
            for base in current.bases:
                target = self.resolve(base, home)
                if isinstance(target, Outside):
                    yield target
                elif isinstance(target, Found) and isinstance(target.item, Class) and not target.rest:
                    waiting.append((target.module, target.item))

    def member(self, module: Module, item: Class, name: str) -> Found | None:
        """Return a method or nested class by name, also an inherited one."""
        for ancestor in self.ancestors(module, item):
            if isinstance(ancestor, Outside):
                continue
            home, owner = ancestor
            if name in owner.methods:
                return Found(home, owner.methods[name])
            nested = home.classes.get(f"{owner.qualname}.{name}")
            if nested is not None:
                return Found(home, nested)
        return None

    def resolve_text(self, text: str, importer: Module) -> tuple[Target, Module | None, str]:
        """Resolve `"pkg.module.name"` as a patch does: the target, the module it is looked up in, and the name."""
        parts = text.split(".")
        for size in range(len(parts) - 1, 0, -1):
            path = self.index.find(".".join(parts[:size]), importer.path)
            if path is not None:
                module = self.index.modules.get(path)
                rest = tuple(parts[size:])
                return self._below(path, rest), module, rest[0]
        return None, None, parts[-1]


def _by_preference(bindings: list[Binding]) -> list[Binding]:
    """Definitions before imports: what `except ImportError` or `TYPE_CHECKING` bind is second choice."""
    latest_first = bindings[::-1]
    imported = [each for each in latest_first if isinstance(each, Symbol)]
    return [each for each in latest_first if not isinstance(each, Symbol)] + imported


def _alias_of(assignment: Assignment) -> Symbol | None:
    if len(assignment.origins) == 1 and assignment.origins[0].kind is OriginKind.NAME:
        return assignment.origins[0].symbol
    return None
