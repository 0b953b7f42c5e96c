"""One adapter per contender, each the way its own documentation recommends for FastAPI.

An adapter is a function that makes an application out of a workload. Only the one that is asked for is imported, in a
process of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version

from fastapi import FastAPI

from benchmarks.workload import Workload

Build = Callable[[Workload], FastAPI]


@dataclass(frozen=True, slots=True)
class Contender:
    """Who takes part.

    Args:
        title: how tables call it.
        module: the module below `benchmarks.rivals` with its `build`.
        function: the function in it.
        package: the distribution that is measured.
        rival: whether it is somebody else's library.
        builds: whether a request builds anything.
        skips: graphs that cannot be written with it.
    """

    title: str
    module: str
    function: str = "build"
    package: str = ""
    rival: bool = True
    builds: bool = True
    skips: frozenset[str] = frozenset()

    def load(self) -> Build:
        """Import the adapter."""
        build: Build = getattr(import_module(f"benchmarks.rivals.{self.module}"), self.function)
        return build

    @property
    def full_title(self) -> str:
        """The title with the version that is installed."""
        return f"{self.title} {version(self.package)}" if self.package else self.title


WAITING = frozenset({"M-waits"})  # they have no teardown that waits
WITHOUT_SESSION = frozenset({"singletons", "published-singleton", "published-scoped"})  # nothing to promise there

CONTENDERS = {
    "di": Contender("di", "ours", rival=False),
    "globals": Contender("module globals", "by_hand", "build_globals", rival=False, builds=False),
    "plain": Contender("by hand", "by_hand", "build_plain", rival=False),
    "promises": Contender("by hand, same promises", "promises", rival=False, skips=WITHOUT_SESSION),
    "wireup": Contender("wireup", "wireup_integration", package="wireup"),
    "aioinject": Contender("aioinject", "aioinject_integration", package="aioinject"),
    "dishka": Contender("dishka", "dishka_integration", package="dishka"),
    "svcs": Contender("svcs", "svcs_integration", package="svcs"),
    "modern-di": Contender("modern-di", "modern_di_integration", package="modern-di"),
    "that-depends": Contender("that-depends", "that_depends_integration", package="that-depends"),
    "dependency-injector": Contender(
        "dependency-injector",
        "dependency_injector_integration",
        package="dependency-injector",
        skips=WAITING,
    ),
    "injector": Contender("injector", "injector_integration", package="injector", skips=WAITING),
    "lagom": Contender("lagom", "lagom_integration", package="lagom", skips=WAITING),
    "depends-async": Contender("FastAPI Depends, async", "fastapi_depends", "build_async", "fastapi"),
    "depends": Contender("FastAPI Depends", "fastapi_depends", "build_classes", "fastapi"),
}
