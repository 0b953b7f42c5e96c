"""Where the reader stands: the file, the scopes, the function, and the conditions around the statement."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from di.migration._facts import WHOLE_MODULE, Class, Function, Module, Origin, Source, Store, Symbol
from di.migration._names import Names


@dataclass(slots=True)
class Context:
    """What the parts of the reader share while they read one file."""

    module: Module
    deep: bool  # whether the file has `:=` or `yield` at all
    names: Names = field(default_factory=Names)
    function: Function | None = None
    owner: Class | None = None  # the class whose body or method is being read
    guards: frozenset[Symbol] = frozenset()
    deferred: bool = False
    as_script: bool = False
    for_types: bool = False  # below `if TYPE_CHECKING`

    @property
    def index(self) -> int:
        """The index of the current function."""
        return WHOLE_MODULE if self.function is None else self.function.index

    @contextmanager
    def guarded(self, symbols: frozenset[Symbol]) -> Iterator[None]:
        """Read statements that run only under a condition about these names."""
        before = self.guards
        self.guards = before | symbols
        try:
            yield
        finally:
            self.guards = before

    def store(self, slot: Symbol, origins: tuple[Origin, ...], node: ast.AST, *, augmented: bool = False) -> None:
        """Note an assignment to something that outlives the function."""
        if slot.source is Source.BUILTIN:
            return
        kept = self.module.stores if self.function is None else self.function.stores
        kept.append(Store(slot, origins, self.guards, getattr(node, "lineno", 0), augmented))
