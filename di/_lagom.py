"""lagom's definitions, read as providers: `container[Hasher] = Argon2Hasher` keeps its meaning."""

import collections.abc
import dataclasses
import inspect
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Generic, TypeVar, get_args, get_origin

import lagom
from lagom.definitions import (
    Alias,
    AsyncConstructionWithContainer,
    AsyncConstructionWithoutContainer,
    ConstructionWithContainer,
    ConstructionWithoutContainer,
    PlainInstance,
    SingletonWrapper,
    YieldWithContainer,
    YieldWithoutContainer,
    normalise,
)
from lagom.interfaces import ContainerDebugInfo, SpecialDepDefinition

from di._keys import Key, describe, key_of, source_of
from di._providers import CLOSING_KINDS, Kind, Lifetime, Parameter, Provider, read_provider
from di.errors import InvalidProviderError

T = TypeVar("T")

_WITH_CONTAINER = (ConstructionWithContainer, AsyncConstructionWithContainer, YieldWithContainer)
_WITHOUT_CONTAINER = (ConstructionWithoutContainer, AsyncConstructionWithoutContainer, YieldWithoutContainer)
_MANAGERS = {AbstractContextManager, collections.abc.Iterator, collections.abc.Generator}
_ASYNC_MANAGERS = {AbstractAsyncContextManager, collections.abc.AsyncIterator, collections.abc.AsyncGenerator}


class DefinitionReader:
    """Turns lagom's definitions into providers, for one container."""

    def __init__(self, container_type: type) -> None:
        self._container_type = container_type
        self._wrapped: dict[SingletonWrapper[Any], Key] = {}

    def read(
        self, key: Key, resolver: Any, location: str, *, known: Callable[[Key], Provider | None]
    ) -> list[Provider]:
        """Return what `container[key] = resolver` means: of an `Awaitable[T]`, a provider of `T` and one to await.

        `known` says who answers for a type so far: a class that somebody answers for is an alias of it.
        """
        target: Key = points_to(resolver)
        if isinstance(resolver, SingletonWrapper):
            target = self._wrapped.setdefault(resolver, key)  # one `Singleton` under two types is one object
        if target not in {None, key} and known(target) is not None:
            return [alias_provider(key, target, location)]
        if get_origin(key) is not collections.abc.Awaitable:
            return [read_definition(key, resolver, self._container_type, location)]
        awaited = key_of(get_args(key)[0])[0]
        finished = Provider(key, Lifetime.TRANSIENT, Kind.CALL, Finished, (_parameter("value", awaited),), location)
        return [read_definition(awaited, resolver, self._container_type, location), finished]


def read_definition(key: Key, resolver: Any, container_type: type, location: str) -> Provider:
    """Turn a lagom definition into a provider; only `Singleton` and finished objects are shared."""
    definition = normalise(resolver) if not isinstance(resolver, SpecialDepDefinition) else resolver
    lifetime = Lifetime.TRANSIENT
    if isinstance(definition, SingletonWrapper):
        lifetime, definition = Lifetime.SINGLETON, definition.singleton_type
    if isinstance(definition, PlainInstance):
        return finished_provider(key, definition.value, location)
    if isinstance(definition, Alias):
        if not inspect.isclass(definition.alias_type):
            raise InvalidProviderError(describe(key), location, f"{definition.alias_type!r} is not a class")
        made = read_provider(key, lifetime, definition.alias_type, location=location)
        return _unentered(made, definition.alias_type)
    if isinstance(definition, _WITHOUT_CONTAINER):
        return _calling(key, lifetime, definition.constructor, (), location)
    handed = (_parameter("container", container_type),)
    if isinstance(definition, _WITH_CONTAINER):
        return _calling(key, lifetime, definition.constructor, handed, location)
    return _calling(key, lifetime, definition.get_instance, handed, location)  # a definition of somebody's own


def _calling(key: Key, lifetime: Lifetime, make: Any, parameters: tuple[Parameter, ...], location: str) -> Provider:
    read = read_provider(key, lifetime, make, location=location)
    kind = Kind.CALL if read.kind is Kind.VALUE else read.kind  # what lagom calls may be an object with __call__
    return _unentered(dataclasses.replace(read, kind=kind, parameters=parameters, opaque=bool(parameters)), make)


def _unentered(provider: Provider, make: Any) -> Provider:
    """Hand a context manager out as it is where the manager itself was asked for."""
    if managed_type(provider.key) is None or provider.kind not in CLOSING_KINDS:
        return provider
    return dataclasses.replace(provider, kind=Kind.CALL, make=make)


def finished_provider(key: Key, value: object, location: str) -> Provider:
    """Return the provider of an object that is there."""
    return Provider(key, Lifetime.SINGLETON, Kind.VALUE, value, (), location)


def managed_type(key: Key) -> Key | None:
    """Return `T` of `ContextManager[T]` and of what lagom takes for it, such as `Iterator[T]`; else `None`."""
    return key_of(get_args(key)[0])[0] if get_origin(key) in _MANAGERS | _ASYNC_MANAGERS else None


def entering_provider(key: Key, manager: Key, location: str) -> Provider:
    """Return the provider that enters a `ContextManager[T]` once per scope, and exits it with the outcome."""
    kind = Kind.ASYNC_CONTEXT_MANAGER if get_origin(manager) in _ASYNC_MANAGERS else Kind.CONTEXT_MANAGER
    return Provider(key, Lifetime.SCOPED, kind, _itself, (_parameter("manager", manager),), location)


def enters(provider: Provider) -> bool:
    """Whether a provider is an `entering_provider`."""
    return provider.make is _itself and provider.kind in CLOSING_KINDS


def points_to(resolver: Any) -> type | None:
    """Return the class that a definition is an alias of, if it is one."""
    if inspect.isclass(resolver):
        return resolver
    if isinstance(resolver, Alias) and not resolver.skip_definitions and inspect.isclass(resolver.alias_type):
        alias: type = resolver.alias_type
        return alias
    return None


def alias_provider(key: Key, target: Key, location: str) -> Provider:
    """Return the provider that hands out whatever `target` is registered as."""
    return Provider(key, Lifetime.TRANSIENT, Kind.CALL, _itself, (_parameter("instance", target),), location)


def definitions_of(source: lagom.Container) -> Iterator[tuple[Any, SpecialDepDefinition[Any]]]:
    """Yield what a lagom container and those it extends define, each type once."""
    hints = source.defined_types - {ContainerDebugInfo}
    awaited = {get_args(hint)[0] for hint in hints if get_origin(hint) is collections.abc.Awaitable}
    for hint in hints - awaited:  # of `T` lagom only says that it has to be awaited
        definition = source.get_definition(hint)
        if definition is not None and not key_of(hint)[1]:  # what is defined is defined as `Optional` as well
            yield hint, definition


def place_of(definition: object) -> str:
    """Return the source line of what a definition calls or points to."""
    if isinstance(definition, SingletonWrapper):
        return place_of(definition.singleton_type)
    target = getattr(definition, "constructor", None) or getattr(definition, "alias_type", None)
    return source_of(target) if target is not None else "a lagom container"


class Finished(Generic[T]):
    """An object that is there, for code that awaits it, as often as it likes."""

    def __init__(self, value: T) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, None, T]:
        yield from ()
        return self._value


def _parameter(name: str, key: Key) -> Parameter:
    return Parameter(name, key, positional=True, has_default=False)


def _itself(instance: object) -> object:
    return instance
