"""Whether what a getter hands out is a service: the last word on what is reported."""

from collections.abc import Iterable

from di.migration._classes import Built, Yield
from di.migration._facts import Function
from di.migration._judgement import Verdict, is_standard
from di.migration._vocabulary import is_configuration_name, is_factory_name, is_held_name, is_service_name

_SERVICES = frozenset({Verdict.SERVICE, Verdict.CONFIGURATION})
_CONTAINERS = ("Dict", "List", "Set", "Map", "Array", "Headers", "Mapping")
_STANDARD_SERVICES = frozenset(
    {"ThreadPoolExecutor", "ProcessPoolExecutor", "Connection", "SMTP", "HTTPConnection", "HTTPSConnection"}
)


def services_among(found: Yield, function: Function | None, name: str) -> tuple[Built, ...] | None:
    """Return the services of what an expression yields, None if it is no service at all.

    Where no class is known (`create_client(...)` of an installed package), the names decide.
    """
    accepted = tuple(each for each in found.classes.values() if acts(each))
    if accepted:
        return accepted
    if found.classes or found.data:
        return None
    if found.factories:
        named = is_service_name(name) or any(is_factory_name(each) for each in found.factories)
        return () if named else None
    return () if function is not None and is_service_name(name) else None


def acts(built: Built) -> bool:
    """Whether instances of a class do something, or are settings."""
    if built.outside is not None and built.name.endswith(_CONTAINERS):
        return False
    if built.outside is not None and is_standard(built.outside):
        return built.outside.last in _STANDARD_SERVICES or built.outside.package == "sqlite3"
    if built.verdict is Verdict.RECORD:
        return is_configuration_name(built.name) or is_service_name(built.name)
    return built.verdict in _SERVICES or built.verdict in {Verdict.PLAIN, Verdict.CALLABLE}


def is_strong(accepted: Iterable[Built], name: str) -> bool:
    """Whether names say as well that it is a service: asked of getters with keys, which may as well cache results."""
    return is_held_name(name) or any(is_held_name(each.name) and each.verdict in _SERVICES for each in accepted)
