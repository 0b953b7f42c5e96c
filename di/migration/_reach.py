"""What a service reaches: while it is built, and later from its properties and methods."""

from collections import defaultdict
from dataclasses import dataclass, field

from di.migration._accessor import Accessor, Kind
from di.migration._calls import Calls
from di.migration._facts import CONSTRUCTORS, WHOLE_MODULE, Assignment, Class, Function, Module, Reference, Role, Source
from di.migration._linking import Found
from di.migration._project import Project


@dataclass(slots=True)
class Reached:
    """The accessors a service asks: while it is built, and later."""

    eager: list[Accessor] = field(default_factory=list)
    lazy: list[Accessor] = field(default_factory=list)


@dataclass(slots=True)
class _Walk:
    """What one walk through functions has met."""

    found: dict[int, Accessor] = field(default_factory=dict)
    deferred: dict[int, Accessor] = field(default_factory=dict)
    seen: set[tuple[int, int]] = field(default_factory=set)


class Reach:
    """Follows functions, constructors and methods until they ask another accessor."""

    def __init__(self, project: Project, calls: Calls) -> None:
        self._project = project
        self._calls = calls
        self._references: dict[int, list[Reference]] = {}
        self._nested: defaultdict[int, list[Function]] = defaultdict(list)
        for module in project.sources:
            grouped: defaultdict[int, list[Reference]] = defaultdict(list)
            for reference in module.references:
                grouped[reference.function].append(reference)
            for index, function in enumerate(module.functions):
                if index in grouped:
                    self._references[id(function)] = grouped[index]
                if function.parent != WHOLE_MODULE:
                    self._nested[id(module.functions[function.parent])].append(function)

    def of(self, accessor: Accessor) -> Reached:
        """Return what an accessor's service reaches."""
        eager, lazy = _Walk(), _Walk()
        if accessor.kind is Kind.DELEGATE:
            eager.found |= {id(each): each for each in accessor.targets}
        if accessor.function is not None:
            self._follow(accessor.function, accessor.module, None, eager)
            self._follow_kept(accessor, eager)
        if accessor.variable is not None:
            self._follow_variable(accessor, accessor.variable, eager)
        for built in () if accessor.is_second_name else accessor.classes:
            if built.item is None or built.module is None:
                continue
            self._construct(built.module, built.item, eager)
            for home, owner in self._own_classes(built.module, built.item):
                for name, method in owner.methods.items():
                    if name not in CONSTRUCTORS:
                        self._follow(method, home, (built.module, built.item), lazy)
        later = {**eager.deferred, **lazy.found, **lazy.deferred}
        return Reached(
            _sorted(eager.found, accessor),
            _sorted({key: each for key, each in later.items() if key not in eager.found}, accessor),
        )

    def _own_classes(self, module: Module, item: Class) -> list[tuple[Module, Class]]:
        return [each for each in self._project.linker.ancestors(module, item) if isinstance(each, tuple)]

    def _construct(self, module: Module, item: Class, walk: _Walk) -> None:
        for name in CONSTRUCTORS:
            found = self._project.linker.member(module, item, name)
            if found is not None and isinstance(found.item, Function):
                self._follow(found.item, found.module, (module, item), walk)

    def _follow_variable(self, accessor: Accessor, variable: Assignment, walk: _Walk) -> None:
        """Follow the expression that a module variable is made by."""
        for reference in accessor.module.references:
            if reference.function == WHOLE_MODULE and variable.line <= reference.line <= variable.end_line:
                self._follow_reference(reference, accessor.module, None, walk)

    def _follow_kept(self, accessor: Accessor, walk: _Walk) -> None:
        """Follow `_x.connect()` in the accessor's body into the class that is kept in `_x`."""
        for reference in self._references.get(id(accessor.function), ()):
            slot = self._project.linker.slot_of(reference.symbol, accessor.module)
            if reference.role is not Role.CALL or slot is None or not slot.rest:
                continue
            if not any((each.path, each.name) == (slot.path, slot.name) for each in accessor.slots):
                continue
            for built in accessor.classes:
                if built.item is not None and built.module is not None:
                    self._follow_member(slot.rest[-1], built.module, built.item, walk)

    def _follow_member(self, name: str, module: Module, item: Class, walk: _Walk) -> None:
        found = self._project.linker.member(module, item, name)
        if found is not None and isinstance(found.item, Function):
            self._follow(found.item, found.module, (module, item), walk)

    def _follow(self, function: Function, module: Module, instance: tuple[Module, Class] | None, walk: _Walk) -> None:
        key = (id(function), id(instance[1]) if instance is not None else 0)
        if key in walk.seen:
            return
        walk.seen.add(key)
        for reference in self._references.get(id(function), ()):
            self._follow_reference(reference, module, instance, walk)
        for nested in self._nested.get(id(function), ()):
            self._defer(nested, module, instance, walk)

    def _defer(self, function: Function, module: Module, instance: tuple[Module, Class] | None, walk: _Walk) -> None:
        inner = _Walk(seen=walk.seen - {(id(function), id(instance[1]) if instance is not None else 0)})
        self._follow(function, module, instance, inner)
        walk.deferred |= inner.found | inner.deferred

    def _follow_reference(
        self, reference: Reference, module: Module, instance: tuple[Module, Class] | None, walk: _Walk
    ) -> None:
        if reference.symbol.source is Source.SELF:
            if instance is not None and reference.symbol.path and not reference.deferred:
                self._follow_member(reference.symbol.path[0], *instance, walk)
            return
        accessor = self._calls.asked(reference, module)
        if accessor is not None:
            kept = walk.deferred if reference.deferred else walk.found
            kept[id(accessor)] = accessor
            return
        if reference.role is not Role.CALL:
            return
        target = self._project.linker.resolve(reference.symbol, module)
        if not isinstance(target, Found) or target.rest:
            return
        if isinstance(target.item, Function):
            self._follow(target.item, target.module, None, walk)
        elif isinstance(target.item, Class):
            self._construct(target.module, target.item, walk)


def _sorted(found: dict[int, Accessor], own: Accessor) -> list[Accessor]:
    listed = [each for each in found.values() if each is not own]
    return sorted(listed, key=lambda each: (each.name, each.module.path, each.line))
