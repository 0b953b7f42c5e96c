"""The audit: everything that is known of every accessor."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from di.migration._accessor import Accessor, Kind, Variant
from di.migration._calls import Call, Calls, Context, Form
from di.migration._facts import Class, Function, Module, Role, Unread
from di.migration._inventory import Inventory
from di.migration._lifetimes import Lifetime, Lifetimes
from di.migration._linking import Found
from di.migration._order import Cycle, Risk, find_cycles, judge_risk, order_by_risk
from di.migration._project import Project
from di.migration._reach import Reach, Reached
from di.migration._resets import Reset, Resets, Touched
from di.migration._routes import Routes


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    module: Module
    line: int


@dataclass(frozen=True, slots=True)
class Audited:
    """One accessor, with everything that is known of it."""

    accessor: Accessor
    reached: Reached
    calls: tuple[Call, ...]
    resets: tuple[Reset, ...]
    touched: tuple[Touched, ...]
    constructed: tuple[Place, ...]  # where its class is built past the accessor
    twins: tuple[Accessor, ...]  # other accessors that keep an instance of the same class
    lifetime: Lifetime
    risk: Risk

    @property
    def thread_safe(self) -> bool:
        """Whether parallel first calls build one instance."""
        locked = Variant.LOCKED in self.accessor.variants
        return locked or self.accessor.kind in {Kind.EAGER, Kind.ALIAS} or self.accessor.is_second_name

    @property
    def captures(self) -> tuple[Call, ...]:
        """The calls made when a module is imported."""
        return tuple(each for each in self.calls if each.context is Context.MODULE and each.form is Form.CALL)

    @property
    def never_called(self) -> bool:
        """Whether nothing but tests asks it."""
        return all(each.context is Context.TEST for each in self.calls)


class Audit:
    """What `di audit` says of a code base."""

    def __init__(self, root: Path, jobs: int = 1) -> None:
        project = Project(root, jobs)
        routes = Routes(project)
        inventory = Inventory(project, routes)
        calls = Calls(project, routes, inventory)
        resets = Resets(project, inventory)
        reach = Reach(project, calls)
        self.root = project.root
        self.unread: list[Unread] = project.unread
        self.files = len(project.modules)
        self.lines = sum(module.lines for module in project.modules)
        self.handlers = len(routes.handlers)
        self.calls: list[Call] = calls.all
        self.resets: list[Reset] = resets.functions
        self.touched: list[Touched] = resets.touched
        self._reached = {id(each): reach.of(each) for each in inventory.accessors}
        self.cycles: list[Cycle] = find_cycles(inventory.accessors, self._reached)
        self.accessors = self._describe(project, inventory)
        self.order = order_by_risk(
            [each.accessor for each in self.accessors if not each.accessor.is_second_name],
            self._reached,
            {id(each.accessor): each.risk for each in self.accessors},
        )

    def _describe(self, project: Project, inventory: Inventory) -> list[Audited]:
        calls, resets, touched = defaultdict(list), defaultdict(list), defaultdict(list)
        for call in self.calls:
            calls[id(call.accessor)].append(call)
        for reset in self.resets:
            resets[id(reset.accessor)].append(reset)
        for touch in self.touched:
            touched[id(touch.accessor)].append(touch)
        constructed = _direct_constructions(project, inventory)
        lifetimes = Lifetimes(project, self._reached)
        twins = _twins(inventory.accessors)
        return [
            Audited(
                each,
                self._reached[id(each)],
                tuple(calls[id(each)]),
                tuple(resets[id(each)]),
                tuple(touched[id(each)]),
                tuple(place for built in each.classes for place in constructed.get(id(built.item), ())),
                twins[id(each)],
                lifetimes.of(each),
                judge_risk(each, calls[id(each)], touched[id(each)], self.cycles, len(twins[id(each)])),
            )
            for each in inventory.accessors
        ]


def _twins(accessors: list[Accessor]) -> dict[int, tuple[Accessor, ...]]:
    """Return for each accessor the others that keep an instance of the same class."""
    by_class: defaultdict[int, list[Accessor]] = defaultdict(list)
    for accessor in accessors:
        if not accessor.is_second_name and accessor.kind is not Kind.KEYED:
            for built in accessor.classes:
                if built.item is not None:
                    by_class[id(built.item)].append(accessor)
    found: dict[int, tuple[Accessor, ...]] = {}
    for accessor in accessors:
        others = [other for built in accessor.classes for other in by_class[id(built.item)] if other is not accessor]
        keeps = not accessor.is_second_name and accessor.kind is not Kind.KEYED
        found[id(accessor)] = tuple(dict.fromkeys(others)) if keeps else ()
    return found


def _direct_constructions(project: Project, inventory: Inventory) -> dict[int, list[Place]]:
    """Return where the classes of accessors are built past them, outside of tests, by class."""
    kept = {id(built.item) for each in inventory.accessors for built in each.classes if built.item is not None}
    own = {id(each.owner) for each in inventory.accessors if each.owner is not None}
    makers = _makers(project, inventory)
    lines = {
        (each.module.path, line)
        for each in inventory.accessors
        if each.variable is not None
        for line in range(each.variable.line, each.variable.end_line + 1)
    }
    found: defaultdict[int, list[Place]] = defaultdict(list)
    for module in project.sources:
        for reference in module.references:
            if reference.role is not Role.CALL:
                continue
            target = project.linker.resolve(reference.symbol, module)
            if not isinstance(target, Found) or not isinstance(target.item, Class) or target.rest:
                continue
            if id(target.item) not in kept or id(target.item) in own or (module.path, reference.line) in lines:
                continue
            if id(module.function_of(reference)) not in makers:
                found[id(target.item)].append(Place(module, reference.line))
    return dict(found)


def _makers(project: Project, inventory: Inventory) -> set[int]:
    """Return the accessors' functions, and those they call to build their instance."""
    makers = {id(each.function) for each in inventory.accessors if each.function is not None}
    for accessor in inventory.accessors:
        for slot in accessor.slots:
            makers |= {id(each.function) for each in project.fillings.get(slot, ())}
        if accessor.function is None:
            continue
        for reference in accessor.module.references:
            if reference.function == accessor.function.index and reference.role is Role.CALL:
                target = project.linker.resolve(reference.symbol, accessor.module)
                if isinstance(target, Found) and isinstance(target.item, Function):
                    makers.add(id(target.item))
    return makers
