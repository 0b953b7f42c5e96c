"""Providers: how one key is made, read once from signatures and type hints."""

import dis
import enum
import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Any

from di._generics import bindings_of, substitute
from di._keys import Key, describe, key_of


class Lifetime(enum.Enum):
    """How long an instance is shared."""

    SINGLETON = "singleton"
    SCOPED = "scoped"
    TRANSIENT = "transient"


class Kind(enum.Enum):
    """What has to be done with a provider to get an instance."""

    VALUE = enum.auto()
    SCOPE = enum.auto()
    CALL = enum.auto()
    COROUTINE = enum.auto()
    GENERATOR = enum.auto()
    ASYNC_GENERATOR = enum.auto()
    CONTEXT_MANAGER = enum.auto()
    ASYNC_CONTEXT_MANAGER = enum.auto()
    DEFERRED = enum.auto()  # Lazy and Factory: made from their key and where they are injected


ASYNC_KINDS = frozenset({Kind.COROUTINE, Kind.ASYNC_GENERATOR, Kind.ASYNC_CONTEXT_MANAGER})
CLOSING_KINDS = frozenset(
    {Kind.GENERATOR, Kind.ASYNC_GENERATOR, Kind.CONTEXT_MANAGER, Kind.ASYNC_CONTEXT_MANAGER},
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a provider; `problem` says why it has no key."""

    name: str
    key: Key
    positional: bool
    has_default: bool
    problem: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Provider:
    """A registration: `make` is called with `parameters`, or is the finished object for `Kind.VALUE`.

    `opaque` means that it gets the container and takes from it what no signature shows (lagom's one-argument function).
    `deferred` is the key that a `Lazy` or `Factory` builds later. `ping` takes the instance and raises, or returns
    False, when what it stands for is out of reach.
    """

    key: Key
    lifetime: Lifetime
    kind: Kind
    make: Any
    parameters: tuple[Parameter, ...]
    location: str
    timeout: float | None = None
    eager: bool = True
    required: bool = True
    external: bool = False
    opaque: bool = False
    deferred: Key | None = None
    ping: Callable[[Any], Any] | None = None
    awaits_at_end: bool = True  # whether closing may come to wait for something

    @property
    def is_async(self) -> bool:
        """Whether making an instance has to be awaited."""
        return self.kind in ASYNC_KINDS

    def __str__(self) -> str:
        return describe(self.key)


def read_provider(
    key: Key,
    lifetime: Lifetime,
    make: Any,
    *,
    location: str,
    timeout: float | None = None,
    eager: bool = True,
    required: bool = True,
    external: bool = False,
    ping: Callable[[Any], Any] | None = None,
) -> Provider:
    """Classify `make` and read its parameters."""
    kind, called = _classify(make)
    parameters = () if kind is Kind.VALUE else read_parameters(make if is_generic_class(make) else called)
    return Provider(
        key,
        lifetime,
        kind,
        called,
        parameters,
        location,
        timeout,
        eager,
        required,
        external,
        ping=ping,
        awaits_at_end=may_await_at_end(kind, called),
    )


def may_await_at_end(kind: Kind, make: Any) -> bool:
    """Whether closing what a provider opened may come to wait; an async generator says so by its code after `yield`."""
    if kind is not Kind.ASYNC_GENERATOR:
        return kind is Kind.ASYNC_CONTEXT_MANAGER
    instructions = list(dis.get_instructions(make))  # of its own code: what it decorates may wait for less
    first = next((number for number, each in enumerate(instructions) if _wraps_a_yield(each)), 0)
    return any(each.opname in _WAITS for each in instructions[first:])


_WAITS = frozenset({"GET_AWAITABLE", "GET_ANEXT", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"})
_ASYNC_GEN_WRAP = 4  # argument of CALL_INTRINSIC_1


def _wraps_a_yield(instruction: dis.Instruction) -> bool:
    """Whether this prepares a value for the `yield` of an async generator, and not for an `await`."""
    since_3_12 = instruction.opname == "CALL_INTRINSIC_1" and instruction.arg == _ASYNC_GEN_WRAP
    return since_3_12 or instruction.opname == "ASYNC_GEN_WRAP"


def is_generic_class(make: Any) -> bool:
    """Whether this is a class with type arguments, such as `Repo[User]`."""
    return inspect.isclass(typing.get_origin(make))


def _classify(make: Any) -> tuple[Kind, Any]:
    if is_generic_class(make):
        make = typing.get_origin(make)
    if inspect.isclass(make):
        if issubclass(make, AbstractAsyncContextManager):
            return Kind.ASYNC_CONTEXT_MANAGER, make
        if issubclass(make, AbstractContextManager):
            return Kind.CONTEXT_MANAGER, make
        return Kind.CALL, make
    if not inspect.isroutine(make):
        return Kind.VALUE, make
    # A function decorated with @contextmanager or @asynccontextmanager is the generator function under it.
    wrapped = getattr(make, "__wrapped__", None)
    candidate = wrapped if wrapped is not None and _is_generator(wrapped) and not _is_generator(make) else make
    if inspect.isasyncgenfunction(candidate):
        return Kind.ASYNC_GENERATOR, candidate
    if inspect.isgeneratorfunction(candidate):
        return Kind.GENERATOR, candidate
    if inspect.iscoroutinefunction(make):
        return Kind.COROUTINE, make
    return Kind.CALL, make


def _is_generator(function: Any) -> bool:
    return inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function)


def read_parameters(make: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Read the injectable parameters of a callable: variadic ones are left out, a default needs no hint."""
    called: Any = typing.get_origin(make) if is_generic_class(make) else make
    try:
        signature = inspect.signature(called)
    except (ValueError, TypeError):
        return ()
    hints = _Hints(make)
    parameters = []
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        key, problem = hints.key_of(parameter)
        parameters.append(
            Parameter(
                name=parameter.name,
                key=key,
                positional=parameter.kind is not parameter.KEYWORD_ONLY,
                has_default=parameter.default is not parameter.empty,
                problem=problem,
            )
        )
    return tuple(parameters)


class _Hints:
    """The evaluated hints of a callable, one by one, so that one bad hint does not hide the others."""

    def __init__(self, make: Callable[..., Any]) -> None:
        cls: Any = typing.get_origin(make) if is_generic_class(make) else make
        self._target: Any = make
        self._bindings: Mapping[Any, Any] = {}
        if inspect.isclass(cls):
            by_new = cls.__init__ is object.__init__ and cls.__new__ is not object.__new__
            self._target = cls.__new__ if by_new else cls.__init__
            self._bindings = bindings_of(make, "__new__" if by_new else "__init__")
        self._hints: Mapping[str, Any] | None
        try:
            self._hints = typing.get_type_hints(self._target, include_extras=True)
        except Exception:
            self._hints = None

    def key_of(self, parameter: inspect.Parameter) -> tuple[Key, str | None]:
        name = parameter.name
        if self._hints is not None:
            # A class may have a signature of its own making (pydantic): then the hint stands there.
            hint = self._hints.get(name, parameter.annotation)
            return (None, "it has no type hint") if hint is parameter.empty else self._key(hint)
        raw = getattr(inspect.unwrap(self._target), "__annotations__", {}).get(name)
        if raw is None:
            return None, "it has no type hint"
        holder = type("_Holder", (), {"__annotations__": {name: raw}})
        module = sys.modules.get(getattr(self._target, "__module__", ""), None)
        try:
            hint = typing.get_type_hints(holder, vars(module) if module else None, include_extras=True)[name]
        except Exception as error:
            return None, f"its hint {raw!r} does not resolve ({error})"
        return self._key(hint)

    def _key(self, hint: Any) -> tuple[Key, str | None]:
        key = key_of(substitute(hint, self._bindings))[0]
        if isinstance(key, typing.TypeVar):
            return None, f"nothing says what {key} stands for; register the class with its type argument"
        return key, None


def describe_provider(provider: Provider) -> str:
    """Name a provider with its lifetime and the place of its registration, for paths in error texts."""
    return f"{describe(provider.key)} ({provider.lifetime.value}, {provider.location})"
