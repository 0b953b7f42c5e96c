"""A code base that was read: its modules, and what is asked of all of them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from di.migration._classes import Classes
from di.migration._discovery import find_files
from di.migration._facts import Class, Function, Module, Store, Symbol, Unread
from di.migration._judgement import Judge
from di.migration._linking import Found, Linker, Outside, Slot
from di.migration._modules import ModuleIndex
from di.migration._reader import read_in_parallel
from di.migration.errors import NothingToReadError


@dataclass(frozen=True, slots=True)
class Filling:
    """An assignment to a slot, and the function it stands in."""

    module: Module
    function: Function | None
    store: Store


class Project:
    """What was read below one path.

    Raises:
        NothingToReadError: the path does not exist, or there is no Python file below it.
    """

    def __init__(self, root: Path, jobs: int = 1) -> None:
        if not root.exists():
            raise NothingToReadError(root)
        self.root = root.resolve()
        self.unread: list[Unread] = []
        paths: list[Path] = []
        for found in find_files(self.root):
            if isinstance(found, Unread):
                self.unread.append(found)
            else:
                paths.append(found)
        self.modules: list[Module] = []
        for read in read_in_parallel(paths, jobs):
            if isinstance(read, Unread):
                self.unread.append(read)
            else:
                self.modules.append(read)
        if not self.modules and not self.unread:
            raise NothingToReadError(root)
        self.linker = Linker(ModuleIndex(self.root, self.modules))
        self.judge = Judge(self.linker)
        self.classes = Classes(self.linker, self.judge)

    def is_test(self, module: Module) -> bool:
        """Whether a file holds tests, by its name or its folder below the path that was read."""
        inside = module.path.relative_to(self.root if self.root.is_dir() else self.root.parent)
        name = module.path.name
        return (
            name.startswith("test_")
            or name.endswith("_test.py")
            or name == "conftest.py"
            or any(part in {"tests", "test", "testing"} for part in inside.parts[:-1])
        )

    @cached_property
    def sources(self) -> list[Module]:
        """The modules that are not tests."""
        return [each for each in self.modules if not self.is_test(each)]

    def functions(self) -> Iterator[tuple[Module, Function]]:
        """Yield the functions of all modules that are not tests."""
        for module in self.sources:
            for function in module.functions:
                yield module, function

    def owner_of(self, module: Module, function: Function) -> Class | None:
        """Return the class a method belongs to."""
        return module.classes.get(function.owner) if function.owner is not None else None

    @cached_property
    def fillings(self) -> dict[Slot, list[Filling]]:
        """Every assignment to something that outlives a function, by slot."""
        found: defaultdict[Slot, list[Filling]] = defaultdict(list)
        for module in self.modules:
            for store in module.stores:
                self._add_filling(found, Filling(module, None, store))
            for function in module.functions:
                for store in function.stores:
                    self._add_filling(found, Filling(module, function, store))
        return dict(found)

    def _add_filling(self, found: defaultdict[Slot, list[Filling]], filling: Filling) -> None:
        slot = self.linker.slot_of(filling.store.slot, filling.module)
        if slot is not None:
            found[slot].append(filling)

    def has_singleton_marker(self, module: Module, item: Class) -> bool:
        """Whether a metaclass, an installed base class or a decorator makes a class a singleton."""
        for ancestor in self.linker.ancestors(module, item):
            if isinstance(ancestor, Outside):
                if "singleton" in ancestor.last.lower():
                    return True
                continue
            home, owner = ancestor
            decorators = [each.symbol for each in owner.decorators] if owner is item else []
            if any(self._is_singleton_maker(each, home) for each in (owner.metaclass, *decorators)):
                return True
        return False

    def _is_singleton_maker(self, symbol: Symbol | None, module: Module) -> bool:
        if symbol is None or not symbol.path:
            return False
        if "singleton" in symbol.path[-1].lower():
            return True
        target = self.linker.resolve(symbol, module)
        if not isinstance(target, Found) or not isinstance(target.item, Class):
            return isinstance(target, Found) and isinstance(target.item, Function) and "singleton" in target.item.name
        call = target.item.methods.get("__call__")
        return call is not None and any(
            slot is not None and slot.name == target.item.qualname
            for slot in (self.linker.slot_of(each.slot, target.module) for each in call.stores)
        )
