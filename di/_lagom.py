"""lagom's definitions, read as providers: `container[Hasher] = Argon2Hasher` keeps its meaning."""

import dataclasses
import inspect
from typing import Any

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
from lagom.interfaces import SpecialDepDefinition

from di._keys import Key, describe
from di._providers import Kind, Lifetime, Parameter, Provider, read_provider
from di.errors import InvalidProviderError

_WITH_CONTAINER = (ConstructionWithContainer, AsyncConstructionWithContainer, YieldWithContainer)
_WITHOUT_CONTAINER = (ConstructionWithoutContainer, AsyncConstructionWithoutContainer, YieldWithoutContainer)


def read_definition(key: Key, resolver: Any, container_type: type, location: str) -> Provider:
    """Turn a lagom definition into a provider; only `Singleton` and finished objects are shared."""
    definition = normalise(resolver) if not isinstance(resolver, SpecialDepDefinition) else resolver
    lifetime = Lifetime.TRANSIENT
    if isinstance(definition, SingletonWrapper):
        lifetime, definition = Lifetime.SINGLETON, definition.singleton_type
    if isinstance(definition, PlainInstance):
        return Provider(key, Lifetime.SINGLETON, Kind.VALUE, definition.value, (), location)
    if isinstance(definition, Alias):
        if not inspect.isclass(definition.alias_type):
            raise InvalidProviderError(describe(key), location, f"{definition.alias_type!r} is not a class")
        return read_provider(key, lifetime, definition.alias_type, location=location)
    if isinstance(definition, _WITHOUT_CONTAINER):
        return _calling(key, lifetime, definition.constructor, (), location)
    if isinstance(definition, _WITH_CONTAINER):
        handed = (Parameter("container", container_type, positional=True, has_default=False),)
        return _calling(key, lifetime, definition.constructor, handed, location)
    raise InvalidProviderError(describe(key), location, f"{type(definition).__name__} is a definition of unknown kind")


def _calling(key: Key, lifetime: Lifetime, make: Any, parameters: tuple[Parameter, ...], location: str) -> Provider:
    read = read_provider(key, lifetime, make, location=location)
    return dataclasses.replace(read, parameters=parameters, opaque=bool(parameters))


def points_to(resolver: Any) -> type | None:
    """Return the class that a definition is an alias of, if it is one."""
    if inspect.isclass(resolver):
        return resolver
    if isinstance(resolver, Alias) and not resolver.skip_definitions and inspect.isclass(resolver.alias_type):
        alias: type = resolver.alias_type
        return alias
    return None


def alias_provider(key: Key, target: type, location: str) -> Provider:
    """Return the provider that hands out whatever `target` is registered as."""
    parameter = Parameter("instance", target, positional=True, has_default=False)
    return Provider(key, Lifetime.TRANSIENT, Kind.CALL, _itself, (parameter,), location)


def _itself(instance: object) -> object:
    return instance
