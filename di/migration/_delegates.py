"""Getters that only hand out what another accessor keeps."""

from collections.abc import Callable, Iterable

from di.migration._acceptance import acts
from di.migration._accessor import Accessor, Kind, Variant
from di.migration._classes import Built
from di.migration._facts import WHOLE_MODULE, Function, Module, Origin, OriginKind, Symbol
from di.migration._judgement import Verdict
from di.migration._project import Project
from di.migration._vocabulary import is_service_name


class Delegates:
    """Recognises functions whose every return statement asks an accessor."""

    def __init__(self, project: Project, find: Callable[[Symbol, Module], Accessor | None]) -> None:
        self._project = project
        self._find = find

    def recognise(self, module: Module, function: Function) -> Accessor | None:
        """Return the accessor a function is, None if it is none."""
        if function.is_generator or function.parent != WHOLE_MODULE or function.owner is not None:
            return None
        origins = [
            origin
            for returned in function.returns
            for origin in _without_derived(returned.origins)
            if origin.kind is not OriginKind.NONE
        ]
        if not origins:
            return None
        targets: dict[int, Accessor] = {}
        parts: list[Origin] = []
        for origin in origins:
            asked = self._asked(origin, module)
            if asked is None:
                return None
            targets[id(asked)] = asked
            if origin.kind is OriginKind.PART or self._has_rest(origin, module):
                parts.append(origin)
        classes = self._classes_of_parts(parts, module, function) if parts else _merged(targets.values())
        if classes is None:
            return None
        variants = {Variant.PART} if parts else set()
        variants |= {Variant.ARGUMENTS} if function.parameters else set()
        variants |= {Variant.SEVERAL_CLASSES} if len(classes) > 1 else set()
        only = next(iter(targets.values()))
        kind = Kind.DELEGATE
        if only.kind is Kind.EAGER and only.name.startswith("_") and only.module is module and not parts:
            kind = Kind.EAGER
        return Accessor(
            kind,
            function.qualname,
            module,
            function.line,
            classes,
            function,
            variable=only.variable if kind is Kind.EAGER else None,
            variants=frozenset(variants),
            factories=only.factories if not classes else (),
            targets=() if kind is Kind.EAGER else tuple(targets.values()),
        )

    def _asked(self, origin: Origin, module: Module) -> Accessor | None:
        if origin.symbol is None or origin.kind not in {OriginKind.CALL, OriginKind.PART, OriginKind.NAME}:
            return None
        found = self._find(origin.symbol, module)
        if found is None:
            return None
        by_name = found.function is None and found.owner is None
        return found if by_name == (origin.kind is OriginKind.NAME) else None

    def _has_rest(self, origin: Origin, module: Module) -> bool:
        target = self._project.linker.resolve(origin.symbol, module) if origin.symbol is not None else None
        return origin.kind is OriginKind.NAME and bool(getattr(target, "rest", ()))

    def _classes_of_parts(self, parts: list[Origin], module: Module, function: Function) -> tuple[Built, ...] | None:
        """Return the classes of `get_registry().mail` or `container.mail`, None where that is data."""
        found = self._project.classes.of_annotation(function.annotation, module)
        if not found.classes and not found.data:
            found = self._project.classes.of(parts, module, function)
        services = tuple(
            each
            for each in found.classes.values()
            if acts(each)
            and (each.verdict is not Verdict.PLAIN)
            and (each.item is not None or is_service_name(each.name))
        )
        return services or None


def _without_derived(origins: tuple[Origin, ...]) -> list[Origin]:
    """Leave out the element that `x.get(key)` may also mean when `x.get` is there as a call."""
    called = {each.symbol.path[:-1] for each in origins if each.kind is OriginKind.CALL and each.symbol}
    return [
        each
        for each in origins
        if not (
            each.kind is OriginKind.NAME
            and each.symbol is not None
            and each.symbol.path  # `return cls`, `return module`: a name of its own
            and each.symbol.path[-1].startswith("[")
            and each.symbol.path[:-1] in called
        )
    ]


def _merged(targets: Iterable[Accessor]) -> tuple[Built, ...]:
    return tuple({each.name: each for target in targets for each in target.classes}.values())
