"""Accessors that keep their instance in a slot: a module variable, a dict, a class, a function's attribute."""

from dataclasses import dataclass

from di.migration._acceptance import is_strong, services_among
from di.migration._accessor import Accessor, Kind, Variant
from di.migration._classes import Built, Yield
from di.migration._facts import ANY_KEY, WHOLE_MODULE, Assignment, Class, Function, Module, OriginKind, Return, Store
from di.migration._linking import Outside, Slot
from di.migration._project import Project

_THREAD_LOCAL = frozenset({"threading.local", "contextvars.ContextVar"})


@dataclass(frozen=True, slots=True)
class _Own:
    """An assignment of the function itself."""

    slot: Slot
    store: Store


class SlotAccessors:
    """Recognises functions that hand out what a slot keeps."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._held: set[str] = set()  # classes that accessors found so far keep one instance of

    def learn(self, found: Accessor) -> None:
        """Take note of an accessor: what it holds is a service, wherever else it is kept."""
        self._held |= {each.qualified for each in found.classes}

    def recognise(self, module: Module, function: Function) -> Accessor | None:
        """Return the accessor a function is, None if it is none."""
        if function.is_generator or function.parent != WHOLE_MODULE or self._is_instance_method(function):
            return None
        returned = self._returned(module, function)
        if not returned:
            return None
        stores = self._own_stores(module, function)
        own = [each for each in stores if self._is_handed_out(each.slot, returned)]
        if own:
            if not any(self._is_guarded(each, stores, module, function) for each in own):
                return None
            slots = frozenset(each.slot for each in own)
        else:
            slots = frozenset(each for each in returned if self._is_filled_elsewhere(each, function))
            if not slots:
                return None
        return self._accessor(module, function, slots, filled_elsewhere=not own, part=not slots & returned)

    @staticmethod
    def _is_instance_method(function: Function) -> bool:
        if function.owner is None or function.name == "__new__":
            return False
        return not any(each.attribute in {"classmethod", "staticmethod"} for each in function.decorators)

    def _returned(self, module: Module, function: Function) -> set[Slot]:
        found: set[Slot] = set()
        for each in function.returns:
            found |= self._slots_of(each, module)
        return found

    def _slots_of(self, returned: Return, module: Module) -> set[Slot]:
        slots = (
            self._project.linker.slot_of(origin.symbol, module)
            for origin in returned.origins
            if origin.kind is OriginKind.NAME and origin.symbol is not None
        )
        return {each for each in slots if each is not None}

    def _own_stores(self, module: Module, function: Function) -> list[_Own]:
        found = ((self._project.linker.slot_of(each.slot, module), each) for each in function.stores)
        return [_Own(slot, store) for slot, store in found if slot is not None and not store.augmented]

    @staticmethod
    def _is_handed_out(slot: Slot, returned: set[Slot]) -> bool:
        return any(
            (each.path, each.name) == (slot.path, slot.name) and each.rest[: len(slot.rest)] == slot.rest
            for each in returned
        )

    def _is_guarded(self, own: _Own, stores: list[_Own], module: Module, function: Function) -> bool:
        """Whether the slot is filled only when it is empty: by a condition, an early return, or `x = x or X()`."""
        roots = {(each.slot.path, each.slot.name) for each in stores}
        if any(each.kind is OriginKind.NONE for each in own.store.origins) and len(own.store.origins) == 1:
            return False
        guards = set(own.store.guards)
        for each in function.returns:
            if each.line <= own.store.line and own.slot in self._slots_of(each, module):
                guards |= each.guards
        guards |= {each.symbol for each in own.store.origins if each.kind is OriginKind.NAME and each.symbol}
        slots = (self._project.linker.slot_of(each, module) for each in guards)
        return any((each.path, each.name) in roots for each in slots if each is not None)

    def _is_filled_elsewhere(self, slot: Slot, function: Function) -> bool:
        if slot.rest and slot.rest[-1] == ANY_KEY:
            return False
        return any(
            each.function is not None
            and each.function is not function
            and not self._project.is_test(each.module)
            and any(origin.kind is not OriginKind.NONE for origin in each.store.origins)
            for each in self._project.fillings.get(slot, ())
        )

    def _accessor(
        self, module: Module, function: Function, slots: frozenset[Slot], *, filled_elsewhere: bool, part: bool
    ) -> Accessor | None:
        found = self._kept(slots)
        if part or not found.classes:
            annotated = self._project.classes.of_annotation(function.annotation, module)
            if annotated.data and not annotated.classes:
                return None
            found.classes |= annotated.classes if not found.classes else {}
            found.data &= not annotated.classes
        accepted = services_among(found, function, function.name)
        kind = self._kind(function, slots)
        if accepted is None or _is_logger(accepted, function.name):
            return None
        doubtful = kind is Kind.KEYED or (filled_elsewhere and not function.raises)
        known = any(each.qualified in self._held for each in accepted)
        if doubtful and not known and not is_strong(accepted, function.name):
            return None
        owner = self._project.owner_of(module, function)
        is_class = function.name == "__new__" and owner is not None
        variants = self._variants(module, function, slots, found)
        if filled_elsewhere:
            variants.add(Variant.FILLED_ELSEWHERE)
        if part:
            variants.add(Variant.PART)
        return Accessor(
            kind,
            owner.qualname if is_class and owner is not None else function.qualname,
            module,
            owner.line if is_class and owner is not None else function.line,
            accepted,
            function,
            owner=owner if is_class else None,
            slots=slots,
            variants=frozenset(variants),
            factories=tuple(found.factories),
        )

    def _kept(self, slots: frozenset[Slot]) -> Yield:
        """Return what is ever put into the slots, outside of tests."""
        found = Yield({}, [])
        for slot in slots:
            for filling in self._project.fillings.get(slot, ()):
                if self._project.is_test(filling.module):
                    continue
                origins = [
                    each
                    for each in filling.store.origins
                    if each.symbol is None
                    or each.kind is not OriginKind.NAME
                    or self._project.linker.slot_of(each.symbol, filling.module) != slot
                ]
                found.add(self._project.classes.of(origins, filling.module, filling.function))
            variable = self._variable(slot)
            if variable is not None and not slot.rest:
                module, assignment = variable
                found.add(self._project.classes.of(assignment.origins, module))
                if not found.classes:
                    found.classes |= self._project.classes.of_annotation(assignment.annotation, module).classes
        return found

    def _variable(self, slot: Slot) -> tuple[Module, Assignment] | None:
        module = self._project.linker.index.modules.get(slot.path)
        bindings = module.bindings.get(slot.name, []) if module is not None else []
        found = next((each for each in bindings if isinstance(each, Assignment)), None)
        return None if found is None or module is None else (module, found)

    def _kind(self, function: Function, slots: frozenset[Slot]) -> Kind:
        slot = min(slots)
        module = self._project.linker.index.modules[slot.path]
        variable = self._variable(slot)
        if variable is not None:
            for origin in variable[1].origins:
                target = self._project.linker.resolve(origin.symbol, module) if origin.symbol is not None else None
                if isinstance(target, Outside) and target.name in _THREAD_LOCAL:
                    return Kind.KEYED
        if ANY_KEY in slot.rest:
            return Kind.KEYED
        if any(isinstance(each, Class) for each in module.bindings.get(slot.name, ())) or slot.name in module.classes:
            return Kind.CLASS
        if any(isinstance(each, Function) for each in module.bindings.get(slot.name, ())):
            return Kind.FUNCTION_ATTRIBUTE
        return Kind.ASYNC if function.is_async else Kind.GLOBAL

    def _variants(self, module: Module, function: Function, slots: frozenset[Slot], found: Yield) -> set[Variant]:
        stores = self._own_stores(module, function)
        own = [each for each in stores if each.slot in slots]
        tested = {slot for each in function.tests if (slot := self._project.linker.slot_of(each, module)) is not None}
        inverted = any(
            not each.store.guards and any(ret.guards and ret.line <= each.store.line for ret in function.returns)
            for each in own
        )
        chosen = {
            Variant.INVERTED: inverted,
            Variant.TRY: function.tries,
            Variant.FLAG: any(each.slot in tested and each.slot not in slots for each in stores),
            Variant.SEVERAL_CLASSES: len(found.classes) > 1,
            Variant.NONE_LEGAL: any(origin.kind is OriginKind.NONE for each in own for origin in each.store.origins),
            Variant.RAISES: function.raises,
            Variant.ARGUMENTS: bool(function.parameters) and function.owner is None,
            Variant.SEVERAL_SLOTS: len({each.slot for each in stores}) > 1,
            Variant.LOCKED: function.locked,
            Variant.SETTINGS: any(each.verdict.name == "CONFIGURATION" for each in found.classes.values()),
        }
        return {variant for variant, holds in chosen.items() if holds}


def _is_logger(accepted: tuple[Built, ...], name: str) -> bool:
    return name.endswith("get_logger") and any(each.name.endswith("Logger") for each in accepted)
