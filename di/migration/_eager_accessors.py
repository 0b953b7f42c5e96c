"""Module variables that hold a service from import on."""

from collections.abc import Callable, Iterator
from typing import Final

from di.migration._acceptance import acts
from di.migration._accessor import Accessor, Kind, Variant
from di.migration._classes import Built, Yield
from di.migration._facts import Assignment, Module, OriginKind, Symbol
from di.migration._judgement import Verdict, is_client_class, is_standard
from di.migration._linking import Found, Linker, Outside
from di.migration._project import Project
from di.migration._vocabulary import is_client_name

_CLIENT_FACTORIES: Final = frozenset({"client", "create_client", "from_url", "resource", "acreate_client"})
_KEPT: Final = frozenset({Verdict.SERVICE, Verdict.CONFIGURATION})


class EagerAccessors:
    """Recognises module-level instances; constants, loggers, routers and captured getters are none."""

    def __init__(self, project: Project, is_accessor: Callable[[object], bool]) -> None:
        self._project = project
        self._linker: Linker = project.linker
        self._is_accessor = is_accessor

    def variables(self, module: Module) -> Iterator[Assignment]:
        """Yield the variables of a module that are bound when it is imported."""
        for name, bindings in module.bindings.items():
            for binding in bindings:
                if isinstance(binding, Assignment) and not name.startswith("__") and not binding.only_as_script:
                    yield binding

    def recognise(self, module: Module, variable: Assignment) -> Accessor | None:
        """Return the accessor a variable is, None if it is none."""
        calls = [each for each in variable.origins if each.kind in {OriginKind.CALL, OriginKind.METHOD}]
        if not calls or any(self._is_capture(module, each.symbol) for each in calls):
            return None
        found = self._project.classes.of(variable.origins, module)
        if not found.classes and not found.data:
            found.classes |= self._project.classes.of_annotation(variable.annotation, module).classes
        accepted = tuple(each for each in found.classes.values() if self._is_service(each, variable.name))
        if not accepted and not self._is_client(found, variable.name):
            return None
        variants = {Variant.SEVERAL_CLASSES} if len(accepted) > 1 else set()
        if any(each.verdict is Verdict.CONFIGURATION for each in accepted):
            variants.add(Variant.SETTINGS)
        if found.none:
            variants.add(Variant.NONE_LEGAL)
        return Accessor(
            Kind.EAGER,
            variable.name,
            module,
            variable.line,
            accepted,
            variable=variable,
            variants=frozenset(variants),
            factories=tuple(found.factories),
        )

    def recognise_alias(self, module: Module, variable: Assignment) -> Assignment | None:
        """Return the variable that another one is only a second name of."""
        origins = variable.origins
        if len(origins) != 1 or origins[0].kind is not OriginKind.NAME or origins[0].symbol is None:
            return None
        target = self._linker.resolve(origins[0].symbol, module)
        if isinstance(target, Found) and isinstance(target.item, Assignment) and not target.rest:
            return target.item if target.item is not variable else None
        return None

    def _is_capture(self, module: Module, symbol: Symbol | None) -> bool:
        """Whether a call asks an accessor, so that the variable only captures what that hands out."""
        target = self._linker.resolve(symbol, module) if symbol is not None else None
        return isinstance(target, Found) and self._is_accessor(target.item)

    @staticmethod
    def _is_service(built: Built, name: str) -> bool:
        if built.outside is not None:
            return built.verdict is Verdict.CONFIGURATION or is_client_class(built.outside)
        if built.verdict not in _KEPT or not acts(built):
            return False
        if name.strip("_").lower() in {"logger", "log"} or built.name.endswith("Logger"):
            return False
        return name.lstrip("_")[:1].islower() or is_client_name(built.name)

    @staticmethod
    def _is_client(found: Yield, name: str) -> bool:
        if found.classes or found.data:
            return False
        return any(
            not is_standard(Outside(each)) and (each.rpartition(".")[2] in _CLIENT_FACTORIES or is_client_name(name))
            for each in found.factories
        )
