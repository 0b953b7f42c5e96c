"""Accessors that `functools.lru_cache` and the like make."""

from typing import Final

from di.migration._acceptance import is_strong, services_among
from di.migration._accessor import Accessor, Kind, Variant
from di.migration._classes import Yield
from di.migration._facts import WHOLE_MODULE, Assignment, Decorator, Function, Module, OriginKind, Symbol
from di.migration._judgement import Verdict
from di.migration._linking import Found, Outside
from di.migration._project import Project

_CACHES: Final = frozenset({"lru_cache", "cache", "alru_cache", "cached", "async_lru_cache", "ttl_cache", "once"})
_CACHE_PACKAGES: Final = frozenset({"functools", "async_lru", "cachetools", "aiocache", "cache", "toolz", "funcy"})


class CachedAccessors:
    """Recognises cached functions that build a service; cached functions that compute a value are none."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def recognise(self, module: Module, function: Function) -> Accessor | None:
        """Return the accessor a function is, None if it is none."""
        if function.is_generator or function.parent != WHOLE_MODULE:
            return None
        if not any(self._is_cache(each, module) for each in function.decorators):
            return None
        if function.owner is not None and not self._is_class_level(function):
            return None
        found = self._project.classes.returned_by(function, module)
        accepted = services_among(found, function, function.name)
        required = self._required(function)
        if accepted is None or (required and not is_strong(accepted, function.name)):
            return None
        variants = {Variant.ARGUMENTS} if function.parameters and function.owner is None else set()
        variants |= {Variant.RAISES} if function.raises else set()
        return self._accessor(module, function.qualname, function.line, found, function, variants)

    def recognise_variable(self, module: Module, variable: Assignment) -> Accessor | None:
        """Return the accessor of `get_x = lru_cache(build_x)`, None if the variable is no such thing."""
        origin = variable.origins[0] if len(variable.origins) == 1 else None
        if (
            origin is None
            or origin.symbol is None
            or not variable.arguments
            or not self._names_cache(origin.symbol, module)
        ):
            return None
        if origin.kind not in {OriginKind.CALL, OriginKind.METHOD}:
            return None
        target = self._project.linker.resolve(variable.arguments[-1], module)
        if isinstance(target, Found) and isinstance(target.item, Function) and self._required(target.item):
            return None
        found = self._project.classes.called(target)
        if services_among(found, None, variable.name) is None:
            return None
        made = self._accessor(module, variable.name, variable.line, found, None, set())
        made.variable = variable
        return made

    def _accessor(
        self, module: Module, name: str, line: int, found: Yield, function: Function | None, variants: set[Variant]
    ) -> Accessor:
        accepted = services_among(found, function, name) or ()
        if any(each.verdict is Verdict.CONFIGURATION for each in accepted):
            variants.add(Variant.SETTINGS)
        if len(accepted) > 1:
            variants.add(Variant.SEVERAL_CLASSES)
        return Accessor(
            Kind.CACHED,
            name,
            module,
            line,
            accepted,
            function,
            variants=frozenset(variants),
            factories=tuple(found.factories),
        )

    def _is_cache(self, decorator: Decorator, module: Module) -> bool:
        return decorator.symbol is not None and self._names_cache(decorator.symbol, module)

    def _names_cache(self, symbol: Symbol, module: Module) -> bool:
        target = self._project.linker.resolve(symbol, module)
        return isinstance(target, Outside) and target.last in _CACHES and target.package in _CACHE_PACKAGES

    @staticmethod
    def _is_class_level(function: Function) -> bool:
        return any(each.attribute in {"classmethod", "staticmethod"} for each in function.decorators)

    @staticmethod
    def _required(function: Function) -> bool:
        bound = function.owner is not None and function.parameters[:1] and function.parameters[0].name == "cls"
        own = function.parameters[1:] if bound else function.parameters
        return any(not each.has_default and not each.depends and not each.variadic for each in own)
