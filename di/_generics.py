"""Type arguments: what TypeVars of a generic class stand for in `Repo[User]`, and in `class UserRepo(Repo[User])`."""

import inspect
import typing
from collections.abc import Mapping
from typing import Any, Generic, TypeVar, get_args, get_origin

Bindings = Mapping[Any, Any]  # TypeVar -> what stands for it


def bindings_of(make: Any, attribute: str) -> Bindings:
    """Return what TypeVars mean in an attribute of a class or alias, in the terms of the class that defines it."""
    origin = get_origin(make) or make
    definer = next((each for each in origin.__mro__ if attribute in vars(each)), origin)
    found: dict[type, Bindings] = {}
    _collect(make, {}, found)
    return found.get(definer, {})


def substitute(hint: Any, bindings: Bindings) -> Any:
    """Return a hint with its TypeVars replaced, as far as they are known."""
    if isinstance(hint, TypeVar):
        return bindings.get(hint, hint)
    parameters = getattr(hint, "__parameters__", ())
    if not bindings or not parameters or inspect.isclass(hint):
        return hint
    return hint[tuple(bindings.get(each, each) for each in parameters)]


def _collect(base: Any, outside: Bindings, found: dict[type, Bindings]) -> None:
    origin = get_origin(base) or base
    if not inspect.isclass(origin) or origin in {Generic, typing.Protocol}:
        return
    arguments = [substitute(each, outside) for each in get_args(base)]
    found[origin] = bindings = dict(zip(getattr(origin, "__parameters__", ()), arguments, strict=False))
    for further in vars(origin).get("__orig_bases__", origin.__bases__):
        _collect(further, bindings, found)
