"""Classes that are their own accessor because of a metaclass, a base class, a decorator or shared state."""

from collections import defaultdict

from di.migration._accessor import Accessor, Kind, Variant
from di.migration._classes import Built
from di.migration._facts import Class, Module
from di.migration._judgement import Verdict
from di.migration._project import Project


class ClassAccessors:
    """Recognises singleton classes, and moves what a mechanism offers to the classes that use it."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._subclasses: defaultdict[int, list[tuple[Module, Class]]] = defaultdict(list)
        for module in project.sources:
            for item in module.classes.values():
                for ancestor in project.linker.ancestors(module, item):
                    if isinstance(ancestor, tuple) and ancestor[1] is not item:
                        self._subclasses[id(ancestor[1])].append((module, item))

    def recognise(self, module: Module, item: Class) -> Accessor | None:
        """Return the accessor a class is by its metaclass, an installed base, a decorator or shared state."""
        verdict = self._project.judge.verdict(module, item)
        if item.nested or verdict in {Verdict.VALUE, Verdict.FRAMEWORK, Verdict.RECORD} or self._is_mechanism(item):
            return None
        if not item.shares_state and not self._project.has_singleton_marker(module, item):
            return None
        return _accessor(module, item, verdict)

    def spread(self, accessor: Accessor) -> list[Accessor]:
        """Return an accessor as it is, or one per class that inherits it when its own class is only the mechanism."""
        function = accessor.function
        owner = self._project.owner_of(accessor.module, function) if function is not None else None
        if owner is None or function is None or not self._builds_own_class(accessor, owner):
            return [accessor]
        verdict = self._project.judge.verdict(accessor.module, owner)
        if verdict is Verdict.VALUE:
            return []
        heirs = self._subclasses[id(owner)]
        if not heirs or not self._is_only_mechanism(owner):
            return [accessor]
        return [
            Accessor(
                Kind.CLASS,
                item.qualname if function.name == "__new__" else f"{item.qualname}.{function.name}",
                module,
                item.line,
                (Built(item.name, self._project.judge.verdict(module, item), module, item),),
                function,
                owner=item,
                slots=accessor.slots,
                variants=accessor.variants,
            )
            for module, item in heirs
            if not self._subclasses[id(item)] or item.methods
        ]

    @staticmethod
    def _builds_own_class(accessor: Accessor, owner: Class) -> bool:
        return any(each.item is owner for each in accessor.classes)

    @staticmethod
    def _is_only_mechanism(owner: Class) -> bool:
        public = [name for name, method in owner.methods.items() if not name.startswith("_") and not method.decorators]
        return not public

    def _is_mechanism(self, item: Class) -> bool:
        return "singleton" in item.name.lower() and bool(self._subclasses[id(item)])


def _accessor(module: Module, item: Class, verdict: Verdict) -> Accessor:
    variants = {Variant.SETTINGS} if verdict is Verdict.CONFIGURATION else set()
    return Accessor(
        Kind.CLASS,
        item.qualname,
        module,
        item.line,
        (Built(item.name, verdict, module, item),),
        item.methods.get("__init__"),
        owner=item,
        variants=frozenset(variants),
    )
