"""Keys: what a type hint is called inside the container."""

import collections.abc
import inspect
import types
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

_WITH_TWINS = {list, collections.abc.Awaitable, AbstractContextManager, AbstractAsyncContextManager}  # in typing

Key: TypeAlias = object  # a type, or Annotated[type, Named(...)]; always hashable


@dataclass(frozen=True, slots=True)
class Named:
    """Tell two providers of one type apart: `Annotated[Database, Named("replica")]`."""

    name: str


def key_of(hint: Any) -> tuple[Key, bool]:
    """Return the key a hint stands for, and whether the hint also allows `None`.

    Only `Named` counts in `Annotated`; everything else in it belongs to other libraries.
    """
    origin = get_origin(hint)
    if origin is Annotated:
        base, *metadata = get_args(hint)
        key, optional = key_of(base)
        named = next((item for item in metadata if isinstance(item, Named)), None)
        return (Annotated[key, named] if named else key), optional
    if origin in _WITH_TWINS and get_args(hint):
        return origin[key_of(get_args(hint)[0])[0]], False
    if origin is Union or origin is types.UnionType:
        members = [member for member in get_args(hint) if member is not types.NoneType]
        if len(members) == 1:
            return key_of(members[0])[0], True
    return hint, False


def describe(key: Any) -> str:
    """Name a key the way it is written in code."""
    if get_origin(key) is Annotated:
        base, named = get_args(key)[:2]
        return f"Annotated[{describe(base)}, {named!r}]"
    if _is_generic(key):
        return f"{describe(get_origin(key))}[{', '.join(describe(each) for each in get_args(key))}]"
    return getattr(key, "__qualname__", None) or getattr(key, "__name__", None) or str(key)


def _is_generic(key: Any) -> bool:
    origin = get_origin(key)
    return inspect.isclass(origin) and origin not in {types.UnionType, collections.abc.Callable}


def qualified(key: Any) -> str:
    """Name a key with its module, the same in every process: what files and commands know it by."""
    if get_origin(key) is Annotated:
        base, named = get_args(key)[:2]
        return f"Annotated[{qualified(base)}, {named!r}]"
    if _is_generic(key):
        return f"{qualified(get_origin(key))}[{', '.join(qualified(each) for each in get_args(key))}]"
    name = getattr(key, "__qualname__", None) or getattr(key, "__name__", None)
    module = getattr(key, "__module__", None)
    if name is None:
        return str(key)
    return name if module in {None, "builtins"} else f"{module}.{name}"


def source_of(thing: Any) -> str:
    """Return `file:line` of a class or function, or its module when there is no source."""
    target = inspect.unwrap(thing) if callable(thing) else thing
    code = getattr(target, "__code__", None)
    if code is not None:
        return f"{code.co_filename}:{code.co_firstlineno}"
    try:
        return f"{inspect.getsourcefile(target)}:{inspect.getsourcelines(target)[1]}"
    except (OSError, TypeError):
        return str(getattr(target, "__module__", "unknown"))
