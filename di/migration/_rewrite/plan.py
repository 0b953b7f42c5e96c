"""What a migration does: the calls that move, those that stay, and the edits of each file."""

from dataclasses import dataclass, field
from pathlib import Path

from di.migration._calls import Call
from di.migration._facts import Module
from di.migration._rewrite.sources import Position
from di.migration._rewrite.wrappers import Wrapper


@dataclass(frozen=True, slots=True)
class Kept:
    """A call that stays where it is, and why."""

    call: Call
    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A call whose handler gets the instance as a parameter."""

    call: Call
    wrapper: Wrapper
    parameter: str


@dataclass(frozen=True, slots=True)
class NewParameter:
    """A parameter that a function gets."""

    name: str
    annotation: str


@dataclass(slots=True)
class Edits:
    """What changes in one file, by where the nodes begin."""

    replaced: dict[tuple[Position, Position], str] = field(default_factory=dict)  # begin and end of an expression
    removed: set[Position] = field(default_factory=set)  # statements
    parameters: dict[Position, list[NewParameter]] = field(default_factory=dict)  # of functions
    dropped: dict[Position, set[str]] = field(default_factory=dict)  # names that local imports need no more
    arguments: dict[tuple[Position, Position], list[tuple[str, str]]] = field(
        default_factory=dict
    )  # added to calls: name, source
    imports: dict[str, dict[str, str]] = field(default_factory=dict)  # module -> names, and what they are called here
    followed: dict[Position, str] = field(default_factory=dict)  # statements, and the one that comes behind each
    bodies: dict[Position, str] = field(default_factory=dict)  # functions whose body becomes one statement
    bare: set[Position] = field(default_factory=set)  # functions that lose their decorators
    appended: dict[Position, list[str]] = field(default_factory=dict)  # functions, and statements behind their last
    modules: set[str] = field(default_factory=set)  # to import by `import a.b`
    kept_imports: set[str] = field(default_factory=set)  # names that nothing but tests uses now

    def __bool__(self) -> bool:
        return bool(self.replaced or self.parameters or self.arguments or self.followed or self.bodies)


@dataclass(slots=True)
class Plan:
    """Everything that a run would do."""

    moved: list[Moved] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    elsewhere: list[Call] = field(default_factory=list)  # not in the body of a handler
    edits: dict[Path, tuple[Module, Edits]] = field(default_factory=dict)

    def edits_of(self, module: Module) -> Edits:
        """Return the edits of a file, to add to."""
        return self.edits.setdefault(module.path, (module, Edits()))[1]
