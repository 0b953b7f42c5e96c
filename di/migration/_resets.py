"""What empties or replaces the instance of an accessor, and what tests do to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from di.migration._accessor import Accessor, Kind, Variant
from di.migration._facts import Class, Function, Module, OriginKind, Role, TextPatch
from di.migration._inventory import Inventory
from di.migration._linking import Found, Slot, Target
from di.migration._project import Filling, Project


class ResetKind(StrEnum):
    """What a function does to the instance."""

    RESET = "reset"  # forgets it
    REPLACE = "replace"  # puts in another one
    FILL = "fill"  # puts in the first one: the accessor itself builds none


class Touch(StrEnum):
    """How code outside of functions made for it gets at an instance: tests, mostly."""

    PATCH_USE = "patch-at-use"  # patch("app.routes.auth.get_x")
    PATCH_DEFINITION = "patch-at-definition"  # patch("app.services.auth.get_x")
    PATCH_SLOT = "patch-of-slot"  # patch("app.services.auth._x")
    SLOT_WRITE = "slot-write"  # auth._x = fake
    CACHE_CLEAR = "cache-clear"  # get_x.cache_clear()
    OVERRIDE = "dependency-override"  # app.dependency_overrides[get_x] = ...


@dataclass(frozen=True, slots=True)
class Reset:
    """A function of the code base that empties or replaces an instance."""

    module: Module
    function: Function
    accessor: Accessor
    kind: ResetKind


@dataclass(frozen=True, slots=True)
class Touched:
    """One place where an instance is patched, written, cleared or overridden."""

    module: Module
    line: int
    accessor: Accessor
    how: Touch
    text: str


class Resets:
    """Finds what empties or replaces instances."""

    def __init__(self, project: Project, inventory: Inventory) -> None:
        self._project = project
        self._inventory = inventory
        self._by_slot: dict[Slot, Accessor] = {}
        for accessor in inventory.accessors:
            for slot in (*accessor.slots, *_slots_of_variable(accessor)):
                self._by_slot.setdefault(slot, accessor)
        self.functions: list[Reset] = []
        self.touched: list[Touched] = []
        self._read_slots()
        for module in project.modules:
            self._read_references(module)
            self._read_patches(module)
        self.functions = sorted(set(self.functions), key=lambda each: (each.module.path, each.function.line))
        self.touched.sort(key=lambda each: (each.module.path, each.line))

    def _read_slots(self) -> None:
        for slot, accessor in self._by_slot.items():
            for filling in self._project.fillings.get(slot, ()):
                if filling.function is accessor.function and filling.function is not None:
                    continue
                self._read_filling(filling, slot, accessor)

    def _read_filling(self, filling: Filling, slot: Slot, accessor: Accessor) -> None:
        empties = all(each.kind is OriginKind.NONE for each in filling.store.origins)
        function = filling.function
        if self._project.is_test(filling.module):
            name = ".".join((slot.name, *slot.rest))
            self.touched.append(Touched(filling.module, filling.store.line, accessor, Touch.SLOT_WRITE, name))
        elif function is not None and not self._is_accessor(function):
            filled_elsewhere = Variant.FILLED_ELSEWHERE in accessor.variants
            kind = ResetKind.FILL if filled_elsewhere else ResetKind.REPLACE
            kind = ResetKind.RESET if empties else kind
            self.functions.append(Reset(filling.module, function, accessor, kind))

    def _is_accessor(self, function: Function) -> bool:
        return any(each.function is function for each in self._inventory.accessors)

    def _read_references(self, module: Module) -> None:
        in_test = self._project.is_test(module)
        for reference in module.references:
            path = reference.symbol.path
            if reference.role is Role.CALL and path[-1:] == ("cache_clear",):
                accessor = self._inventory.find(reference.symbol._replace(path=path[:-1]), module)
                if accessor is None or accessor.kind is not Kind.CACHED:
                    continue
                function = module.function_of(reference)
                if in_test or function is None:
                    text = f"{accessor.name}.cache_clear()"
                    self.touched.append(Touched(module, reference.line, accessor, Touch.CACHE_CLEAR, text))
                else:
                    self.functions.append(Reset(module, function, accessor, ResetKind.RESET))
            elif reference.role is Role.OVERRIDE:
                accessor = self._inventory.find(reference.symbol, module)
                if accessor is not None:
                    self.touched.append(Touched(module, reference.line, accessor, Touch.OVERRIDE, accessor.name))

    def _read_patches(self, module: Module) -> None:
        for patch in module.patches:
            found = next(iter(self._patched(patch, module)), None)
            if found is not None:
                self.touched.append(found)

    def _patched(self, patch: TextPatch, module: Module) -> Iterator[Touched]:
        text = patch.text
        linker = self._project.linker
        if text is not None:
            target, home, name = linker.resolve_text(text, module)
        else:
            if patch.target is None or patch.attribute is None:
                return
            target = linker.resolve(patch.target.below(patch.attribute), module)
            home = linker.module_of(patch.target, module)
            name = patch.attribute
            text = ".".join((*patch.target.path, name)) if patch.target.path else f"{patch.target.home}.{name}"
        accessor = self._by_target(target, home, name)
        if accessor is None:
            return
        yield Touched(module, patch.line, accessor, _kind_of_patch(accessor, target, home), text)

    def _by_target(self, target: Target, home: Module | None, name: str) -> Accessor | None:
        if isinstance(target, Found):
            by_item = self._inventory.of_item(target.item)
            if by_item is not None and not target.rest:
                return by_item
            return self._by_slot.get(Slot(target.module.path, target.name, target.rest))
        return self._by_slot.get(Slot(home.path, name)) if home is not None else None


def _kind_of_patch(accessor: Accessor, target: Target, home: Module | None) -> Touch:
    item = target.item if isinstance(target, Found) else None
    own = {accessor.function, accessor.owner, accessor.variable}
    if not isinstance(target, Found) or target.rest or (item not in own and not isinstance(item, Class)):
        return Touch.PATCH_SLOT
    if item is accessor.variable and accessor.function is not None:
        return Touch.PATCH_SLOT
    return Touch.PATCH_DEFINITION if home is accessor.module else Touch.PATCH_USE


def _slots_of_variable(accessor: Accessor) -> list[Slot]:
    if accessor.variable is None or accessor.kind is Kind.ALIAS:
        return []
    return [Slot(accessor.module.path, accessor.variable.name)]
