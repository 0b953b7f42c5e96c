"""Every accessor of a code base."""

from collections import defaultdict

from di.migration._accessor import Accessor, Kind
from di.migration._cached_accessors import CachedAccessors
from di.migration._class_accessors import ClassAccessors
from di.migration._delegates import Delegates
from di.migration._eager_accessors import EagerAccessors
from di.migration._facts import Assignment, Class, Module, Symbol
from di.migration._linking import Found
from di.migration._project import Project
from di.migration._routes import Routes
from di.migration._slot_accessors import SlotAccessors


class Inventory:
    """Finds the accessors of a project, those that stand alone first, then those that ask others."""

    def __init__(self, project: Project, routes: Routes) -> None:
        self._project = project
        self._routes = routes
        self._by_definition: dict[int, Accessor] = {}
        self._by_class: dict[int, Accessor] = {}
        self._by_member: dict[tuple[int, str], Accessor] = {}  # of classes that share one method
        self.accessors: list[Accessor] = []
        self._find_lazy()
        self._find_classes()
        self._find_eager()
        self._find_delegates()
        self._second_names: defaultdict[int, list[Accessor]] = defaultdict(list)
        for each in self.accessors:
            for target in each.targets:
                self._second_names[id(target)].append(each)
        self.accessors.sort(key=lambda each: (each.module.path, each.line, each.name))

    def find(self, symbol: Symbol, module: Module) -> Accessor | None:
        """Return the accessor a name of a module means, also where an attribute of it is asked for."""
        if len(symbol.path) > 1 and self._by_member:
            owner = self._project.linker.resolve(symbol._replace(path=symbol.path[:-1]), module)
            if isinstance(owner, Found) and not owner.rest:
                shared = self._by_member.get((id(owner.item), symbol.path[-1]))
                if shared is not None:
                    return shared
        target = self._project.linker.resolve(symbol, module)
        return self._by_definition.get(id(target.item)) if isinstance(target, Found) else None

    def of_item(self, item: object) -> Accessor | None:
        """Return the accessor that a definition is, or the first one that a class offers."""
        return self._by_definition.get(id(item)) or self._by_class.get(id(item))

    def second_names_of(self, accessor: Accessor) -> list[Accessor]:
        """Return the delegates and aliases that hand out what an accessor keeps."""
        return self._second_names.get(id(accessor), [])

    def _add(self, accessor: Accessor) -> None:
        self.accessors.append(accessor)
        if accessor.owner is not None:
            if accessor.function is not None and accessor.name != accessor.owner.qualname:
                self._by_member[id(accessor.owner), accessor.function.name] = accessor
            else:
                self._by_definition[id(accessor.owner)] = accessor
        elif accessor.function is not None:
            self._by_definition[id(accessor.function)] = accessor
            owner = self._project.owner_of(accessor.module, accessor.function)
            if owner is not None:
                self._by_class.setdefault(id(owner), accessor)
        if accessor.variable is not None:
            self._by_definition[id(accessor.variable)] = accessor

    def _find_lazy(self) -> None:
        cached, kept = CachedAccessors(self._project), SlotAccessors(self._project)
        classes = ClassAccessors(self._project)
        waiting = [each for each in self._project.functions() if id(each[1]) not in self._routes.handlers]
        before = len(waiting) + 1
        while len(waiting) < before:  # what one hands out may be known only when another one is
            before = len(waiting)
            for module, function in list(waiting):
                found = cached.recognise(module, function) or kept.recognise(module, function)
                if found is not None:
                    waiting.remove((module, function))
                    self._project.classes.known[id(function)] = found.classes
                    kept.learn(found)
                    for each in classes.spread(found):
                        self._add(each)
        for module in self._project.sources:
            for bindings in module.bindings.values():
                for binding in bindings:
                    if isinstance(binding, Assignment):
                        found = cached.recognise_variable(module, binding)
                        if found is not None:
                            self._add(found)

    def _find_classes(self) -> None:
        classes = ClassAccessors(self._project)
        for module in self._project.sources:
            for item in module.classes.values():
                if id(item) not in self._by_definition:
                    found = classes.recognise(module, item)
                    if found is not None:
                        self._add(found)

    def _find_eager(self) -> None:
        eager = EagerAccessors(self._project, self._is_getter)
        kept = {(slot.path, slot.name) for each in self.accessors for slot in each.slots}
        second_names: list[tuple[Module, Assignment, Assignment]] = []
        for module in self._project.sources:
            lines: dict[int, Assignment] = {}
            for variable in eager.variables(module):
                if id(variable) in self._by_definition or (module.path, variable.name) in kept:
                    continue
                first = lines.get(variable.line) or eager.recognise_alias(module, variable)
                if first is not None and variable.line in lines:
                    first = first if first.origins == variable.origins else None
                if first is not None:
                    second_names.append((module, variable, first))
                    continue
                found = eager.recognise(module, variable)
                if found is not None:
                    lines[variable.line] = variable
                    self._add(found)
        for module, variable, first in second_names:
            self._add_alias(module, variable, first)

    def _add_alias(self, module: Module, variable: Assignment, first: Assignment) -> None:
        target = self._by_definition.get(id(first))
        if target is not None and target.kind in {Kind.EAGER, Kind.ALIAS}:
            self._add(
                Accessor(
                    Kind.ALIAS,
                    variable.name,
                    module,
                    variable.line,
                    target.classes,
                    variable=variable,
                    targets=(target,),
                )
            )

    def _is_getter(self, item: object) -> bool:
        found = self._by_definition.get(id(item))
        return found is not None and not isinstance(item, Class)

    def _find_delegates(self) -> None:
        """Look again until nothing new is found: a delegate may ask a delegate."""
        delegates = Delegates(self._project, self.find)
        waiting = [
            (module, function)
            for module, function in self._project.functions()
            if id(function) not in self._by_definition and id(function) not in self._routes.handlers
        ]
        found_any = True
        while found_any:
            found_any = False
            for module, function in list(waiting):
                found = delegates.recognise(module, function)
                if found is None:
                    continue
                waiting.remove((module, function))
                found_any = True
                self._drop_covered(found)
                self._add(found)

    def _drop_covered(self, getter: Accessor) -> None:
        """Forget a private variable whose getter is reported instead."""
        if getter.kind is Kind.EAGER and getter.variable is not None:
            covered = self._by_definition[id(getter.variable)]
            self.accessors.remove(covered)
