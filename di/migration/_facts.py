"""What one file says, as small records. They outlive the parser's tree, which is dropped as soon as they are made."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

ANY_KEY: Final = "[*]"  # part of a path: an element whose key is not written in the source
WRITTEN_BY: Final = "Written by `di migrate`"  # in the docstrings of the modules that it makes
WHOLE_MODULE: Final = -1  # index of the "function" that a file's own statements are
CONSTRUCTORS: Final = frozenset({"__init__", "__new__", "__post_init__", "model_post_init", "__attrs_post_init__"})


class Source(StrEnum):
    """Where the first part of a dotted name comes from."""

    MODULE = "module"  # a name of the file itself
    IMPORT = "import"  # a module; the path starts below it
    NESTED = "nested"  # a function or class inside a function; the path starts with its qualified name
    SELF = "self"  # the instance of the enclosing class
    BUILTIN = "builtin"


class Symbol(NamedTuple):
    """A dotted name as its file means it; parts in brackets are keys of subscripts."""

    source: Source
    home: str  # IMPORT: the module, with leading dots when relative. SELF: the class's qualified name. Else empty
    path: tuple[str, ...]

    def below(self, *parts: str) -> "Symbol":
        """Return an attribute or element of it."""
        return Symbol(self.source, self.home, self.path + parts)


class OriginKind(StrEnum):
    """How an expression comes by its value."""

    CALL = "call"  # symbol(...)
    NAME = "name"  # symbol
    PART = "part"  # symbol(...).suffix
    METHOD = "method"  # symbol(...).suffix(...)
    PARAMETER = "parameter"  # a parameter of the function; its name is in `suffix`
    NONE = "none"
    DATA = "data"  # a literal, a container, an arithmetic result
    UNKNOWN = "unknown"


class Origin(NamedTuple):
    """One of the places an expression's value may come from."""

    kind: OriginKind
    symbol: Symbol | None = None
    suffix: tuple[str, ...] = ()


class Role(StrEnum):
    """What is done with a name where it stands."""

    CALL = "call"
    DEPENDS = "depends"  # argument of Depends() or Security()
    DEPENDS_MAKER = "depends-maker"  # called in the argument: Depends(require_role("admin"))
    ENDPOINT = "endpoint"  # handed to add_api_route() and the like
    BARE_ENDPOINT = "bare-endpoint"  # handed to Route() and the like: Starlette calls it with the request alone
    OVERRIDE = "override"  # key of dependency_overrides
    VALUE = "value"


class Reference(NamedTuple):
    """A use of a name that is not local to the function."""

    symbol: Symbol
    line: int
    role: Role
    function: int  # index in Module.functions, or WHOLE_MODULE
    deferred: bool  # inside a lambda or generator expression, which runs later or never
    aliased: bool  # by a local variable that was assigned the name before
    column: int = 0  # in bytes, as the parser counts


class Decorator(NamedTuple):
    """A decorator: its name, whether it is called, and the first text it is called with."""

    symbol: Symbol | None
    attribute: str  # the last part of its name, also when the first part is a local variable
    base: str  # the part before it
    called: bool
    text: str | None
    has_argument: bool
    made_from: Symbol | None = None  # what the local variable before it is an instance of


class Parameter(NamedTuple):
    """One parameter of a function."""

    name: str
    annotation: tuple[Symbol, ...]
    has_default: bool
    depends: bool  # filled by FastAPI: a Depends() in its default or annotation
    variadic: bool


class Store(NamedTuple):
    """An assignment to something that outlives the function."""

    slot: Symbol
    origins: tuple[Origin, ...]
    guards: frozenset[Symbol]
    line: int
    augmented: bool


class Return(NamedTuple):
    """A return statement."""

    origins: tuple[Origin, ...]
    guards: frozenset[Symbol]
    line: int


@dataclass(slots=True, eq=False)
class Function:
    """A function, method or named lambda."""

    qualname: str
    line: int
    end_line: int
    index: int
    parent: int  # index of the enclosing function, or WHOLE_MODULE
    owner: str | None = None  # qualified name of the class whose body it stands in
    is_async: bool = False
    is_generator: bool = False
    decorators: tuple[Decorator, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    annotation: tuple[Symbol, ...] = ()
    stores: list[Store] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    tests: set[Symbol] = field(default_factory=set)
    locked: bool = False
    raises: bool = False
    tries: bool = False
    local_imports: list["LocalImport"] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The last part of its qualified name."""
        return self.qualname.rpartition(".")[2]


class LocalImport(NamedTuple):
    """An import inside a function that runs with it: not for type checkers alone."""

    symbol: Symbol
    line: int


@dataclass(slots=True, eq=False)
class Class:
    """A class statement."""

    qualname: str
    line: int
    bases: tuple[Symbol, ...]
    metaclass: Symbol | None
    decorators: tuple[Decorator, ...]
    nested: bool  # inside a function
    methods: dict[str, Function] = field(default_factory=dict)
    attributes: dict[str, tuple[Origin, ...]] = field(default_factory=dict)
    annotations: dict[str, tuple[Symbol, ...]] = field(default_factory=dict)
    instance_attributes: dict[str, list[Origin]] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)  # attribute -> line of an assignment outside of construction
    shares_state: bool = False  # self.__dict__ is assigned: the Borg pattern

    @property
    def name(self) -> str:
        """The last part of its qualified name."""
        return self.qualname.rpartition(".")[2]


@dataclass(slots=True, eq=False)
class Assignment:
    """A module-level variable, with everything it is bound to at module level."""

    name: str
    line: int
    end_line: int
    origins: list[Origin] = field(default_factory=list)
    annotation: tuple[Symbol, ...] = ()
    arguments: tuple[Symbol, ...] = ()  # first arguments of the calls that make it: lru_cache(build)
    only_as_script: bool = False  # below `if __name__ == "__main__"`


Binding = Symbol | Function | Class | Assignment


class TextPatch(NamedTuple):
    """A patch of a test: the dotted text or the object it names, and the attribute."""

    text: str | None
    target: Symbol | None
    attribute: str | None
    line: int
    function: int


@dataclass(slots=True, eq=False)
class Module:
    """Everything one file says."""

    path: Path
    lines: int
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    exported: tuple[str, ...] | None = None  # __all__
    functions: list[Function] = field(default_factory=list)
    classes: dict[str, Class] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)  # module-level assignments to parts of other objects
    imports: set[str] = field(default_factory=set)  # absolute modules, and names imported from them
    loads: list[Symbol] = field(default_factory=list)  # what its own statements import at run time
    certain_loads: list[Symbol] = field(default_factory=list)  # of those, what no condition and no `try` is around
    patches: list[TextPatch] = field(default_factory=list)
    generated: bool = False  # made by `di migrate`, as its docstring says

    @property
    def is_package(self) -> bool:
        """Whether it is the `__init__` of a package."""
        return self.path.stem == "__init__"

    def function_of(self, reference: Reference) -> Function | None:
        """Return the function a reference stands in, None if it stands in the file's own statements."""
        return None if reference.function == WHOLE_MODULE else self.functions[reference.function]


class Unread(NamedTuple):
    """A file that was left out, and why, in one line."""

    path: Path
    reason: str
