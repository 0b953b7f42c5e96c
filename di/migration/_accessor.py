"""An accessor: what hands out one instance of a service to whoever asks."""

from dataclasses import dataclass, field
from enum import StrEnum

from di.migration._classes import Built
from di.migration._facts import Assignment, Class, Function, Module
from di.migration._linking import Slot


class Kind(StrEnum):
    """How an accessor keeps its instance."""

    GLOBAL = "global"  # a module variable, filled at the first call or by somebody else
    ASYNC = "async"  # the same, awaited
    CACHED = "cached"  # functools.lru_cache and the like
    EAGER = "eager"  # a module variable, filled at import
    ALIAS = "alias"  # a second name of an eager instance
    CLASS = "class"  # kept on a class: `_instance`, `__new__`, a metaclass
    DELEGATE = "delegate"  # asks another accessor
    KEYED = "keyed"  # one instance per key, thread or context
    FUNCTION_ATTRIBUTE = "function-attribute"


class Variant(StrEnum):
    """What is special about one accessor."""

    INVERTED = "inverted-test"
    TRY = "try"
    FLAG = "second-flag"
    SEVERAL_CLASSES = "several-classes"
    NONE_LEGAL = "none-legal"
    RAISES = "raises"
    ARGUMENTS = "arguments"
    SEVERAL_SLOTS = "several-slots"
    LOCKED = "locked"
    FILLED_ELSEWHERE = "filled-elsewhere"
    PART = "part-of-an-object"  # hands out a part of what it keeps
    SETTINGS = "settings"


@dataclass(slots=True, eq=False)
class Accessor:
    """One accessor of a code base."""

    kind: Kind
    name: str
    module: Module
    line: int
    classes: tuple[Built, ...] = ()
    function: Function | None = None
    owner: Class | None = None  # CLASS: the class that is its own accessor
    variable: Assignment | None = None
    slots: frozenset[Slot] = frozenset()
    variants: frozenset[Variant] = frozenset()
    factories: tuple[str, ...] = ()
    targets: tuple["Accessor", ...] = field(default=())  # DELEGATE, ALIAS: whom it asks

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes it builds; of an installed factory only the factory's name is known."""
        return tuple(each.name for each in self.classes) or self.factories[:1]

    @property
    def parameters(self) -> tuple[str, ...]:
        """What callers may hand over."""
        if self.function is None:
            return ()
        passed_on = self.owner is not None  # __new__(cls, *args, **kwargs)
        named = [each.name for each in self.function.parameters if not (passed_on and each.variadic)]
        return tuple(named[1:] if self.function.owner is not None and named[:1] in (["cls"], ["self"]) else named)

    @property
    def is_second_name(self) -> bool:
        """Whether it only hands out what another accessor keeps."""
        return self.kind in {Kind.DELEGATE, Kind.ALIAS}
