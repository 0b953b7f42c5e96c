"""Keys that nobody has to register, because they follow from others: `list[Plugin]`, `Lazy[T]` and `Factory[T]`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from di._deferred import Factory, Lazy, LazyTransient
from di._keys import Key, describe, key_of
from di._providers import Kind, Lifetime, Parameter, Provider

if TYPE_CHECKING:
    from di._graph import Graph

_PLACE = "follows from what it is made of"


def derive_provider(key: Key, graph: "Graph") -> Provider | None:
    """Return the provider of a key that follows from registered ones, or `None`."""
    origin = get_origin(key)
    if origin is list:
        return _collection(key, graph)
    if origin is Lazy or origin is Factory:
        return _deferred(key, origin, graph)
    return None


def members_of(key: Key, providers: Iterable[Key]) -> list[Key]:
    """Return the keys that `list[T]` collects: `T` and its named ones, in order of registration."""
    wanted = _inner(key)
    return [each for each in providers if each == wanted or _is_named(each, wanted)]


def _is_named(key: Key, wanted: Any) -> bool:
    return get_origin(key) is Annotated and get_args(key)[0] == wanted


def _collection(key: Key, graph: "Graph") -> Provider | None:
    members = members_of(key, graph.providers)
    if not members:
        return None
    parameters = tuple(
        Parameter(f"member {number}", member, positional=True, has_default=False)
        for number, member in enumerate(members)
    )
    return Provider(key, Lifetime.TRANSIENT, Kind.CALL, _collect, parameters, _PLACE)


def _collect(*members: object) -> list[object]:
    return list(members)


def _deferred(key: Key, origin: Any, graph: "Graph") -> Provider | None:
    wanted = _inner(key)
    target = graph.provider(wanted)
    if target is None:
        return None
    make = LazyTransient if origin is Lazy and target.lifetime is Lifetime.TRANSIENT else origin
    return Provider(key, Lifetime.TRANSIENT, Kind.DEFERRED, make, (), _PLACE, deferred=wanted)


def factory_target(key: Key) -> Key | None:
    """Return `T` of `Factory[T]`, and `None` of anything else."""
    return _inner(key) if get_origin(key) is Factory else None


def what_to_register(key: Key) -> str:
    """Name the type whose registration a key needs."""
    return describe(target_of(key))


def target_of(key: Key) -> Key:
    """Return the type whose registration a key needs: `T` for `list[T]`, `Lazy[T]` and `Factory[T]`."""
    return _inner(key) if get_origin(key) in {list, Lazy, Factory} else key


def _inner(key: Key) -> Key:
    return key_of(get_args(key)[0])[0]
