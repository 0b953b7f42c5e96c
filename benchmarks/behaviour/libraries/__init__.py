"""One adapter per library, each in the set-up that its documentation recommends for FastAPI.

Only the adapter that is asked for is imported, so that each needs nothing but its own library.
"""

from collections.abc import Callable
from importlib import import_module

from benchmarks.behaviour.answers import Library

# name of a column -> module and attribute, in the order of the table
COLUMNS: dict[str, tuple[str, str]] = {
    "di": ("ours", "Ours"),
    "depends": ("fastapi_depends", "RequestScope"),
    "depends-function": ("fastapi_depends", "FunctionScope"),
    "lagom": ("lagom_integration", "Lagom"),
    "dishka": ("dishka_integration", "Dishka"),
    "wireup": ("wireup_integration", "PerHandler"),
    "wireup-middleware": ("wireup_integration", "PerRequest"),
    "that-depends": ("that_depends_integration", "ThatDepends"),
    "dependency-injector": ("dependency_injector_integration", "DependencyInjector"),
    "aioinject": ("aioinject_integration", "Aioinject"),
    "svcs": ("svcs_integration", "Svcs"),
}


def load(column: str) -> Library:
    """Import and make the adapter of a column."""
    module, name = COLUMNS[column]
    make: Callable[[], Library] = getattr(import_module(f"benchmarks.behaviour.libraries.{module}"), name)
    return make()
