"""`Lazy` and `Factory`: dependencies that are built when they are asked for, not when their holder is."""

from typing import Any, Generic, Protocol, TypeVar, cast

from di._keys import Key
from di._marks import MISSING

T = TypeVar("T")


class Source(Protocol):
    """Where deferred objects come from: the scope of their holder, or its container for those of singletons."""

    async def deferred_instance(self, key: Key) -> Any:
        """Return the instance of a key."""

    async def deferred_build(self, key: Key, args: tuple[object, ...], kwargs: dict[str, object]) -> Any:
        """Make an instance, with arguments for what is not injected."""


class Lazy(Generic[T]):
    """A dependency that is built at its first `get()`: for what is costly and seldom used, or to break a cycle.

    Its graph is validated like any other. It belongs to the scope of its holder, or to the container when a singleton
    holds it, and refuses with that one's closed error once it has closed.
    """

    __slots__ = ("_key", "_source", "_value")

    def __init__(self, key: Key, source: Source) -> None:
        self._key = key
        self._source = source
        self._value: Any = MISSING

    async def get(self) -> T:
        """Return the object: the scope's or the container's one, or, of a transient, always the first one built.

        Raises:
            ScopeClosedError, ContainerClosedError: it is asked for too late.
        """
        return cast(T, await self._source.deferred_instance(self._key))


class LazyTransient(Lazy[T]):
    """`Lazy` of a transient: it keeps what it got."""

    __slots__ = ()

    async def get(self) -> T:
        """Return the object that was built first."""
        if self._value is MISSING:
            value = await self._source.deferred_instance(self._key)
            if self._value is MISSING:  # another task may have been quicker; all get the same one
                self._value = value
        return cast(T, self._value)


class Factory(Generic[T]):
    """Builds a new `T` at every call: arguments for what is known only then, the rest injected.

    Keyword arguments go to the parameters of that name, positional ones to those that are not injected, in order. What
    is built closes with the scope of the factory's holder, or with the container when a singleton holds it.
    """

    __slots__ = ("_key", "_source")

    def __init__(self, key: Key, source: Source) -> None:
        self._key = key
        self._source = source

    async def __call__(self, *args: object, **kwargs: object) -> T:
        """Build one.

        Raises:
            TypeError: arguments are missing or too many, as from a call by hand.
            ScopeClosedError, ContainerClosedError: it is asked for too late.
        """
        return cast(T, await self._source.deferred_build(self._key, args, kwargs))
