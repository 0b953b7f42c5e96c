"""A container on top of another: overrides written as lagom definitions."""

import dataclasses
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from lagom.interfaces import WriteableContainer

from di._keys import Key, describe, key_of
from di._lagom import DefinitionReader, entering_provider, enters, managed_type
from di._layers import Layer, innermost
from di._overrides import OverrideBlock
from di._places import calling_line
from di._providers import Lifetime, Provider
from di.errors import DuplicateProviderError, OverrideEndedError, UnsupportedLagomFeatureError

if TYPE_CHECKING:
    from di._container import Container

T = TypeVar("T")


class DefinitionsOverride(OverrideBlock):
    """The block in which an overlay's definitions hold; a sync and an async context manager."""

    def __init__(self, container: "Container", container_type: type) -> None:
        super().__init__(container)
        self._container_type = container_type

    def __enter__(self) -> "OverlayContainer":
        """Begin; definitions may be added until the end."""
        return OverlayContainer(self._container, self._begin({}), DefinitionReader(self._container_type))

    async def __aenter__(self) -> "OverlayContainer":
        """Begin; definitions may be added until the end."""
        return self.__enter__()


class OverlayContainer(WriteableContainer):
    """Sees what the container below sees, except for its own definitions; a type is defined once."""

    def __init__(self, container: "Container", layer: Layer, reader: DefinitionReader) -> None:
        self._container = container
        self._layer = layer
        self._reader = reader

    def define(self, dep: Any, resolver: Any) -> Any:
        """Override a type by a lagom definition, registered or not; what is one per request stays so."""
        key, location = key_of(dep)[0], calling_line()
        layer = self._while_it_lasts(key)
        previous = layer.providers.get(key)
        if previous is not None:
            raise DuplicateProviderError(describe(key), previous.location, location)
        for provider in self._reader.read(key, resolver, location, known=layer.provider):
            real = layer.registered(provider.key)
            scoped = real is not None and real.lifetime is Lifetime.SCOPED
            if scoped and provider.lifetime is Lifetime.TRANSIENT:
                provider = dataclasses.replace(provider, lifetime=Lifetime.SCOPED)  # noqa: PLW2901 - the same, adapted
            self._put(provider)
        managed = layer.registered(managed_type(key))
        if managed is not None and enters(managed):
            self._put(entering_provider(managed.key, key, location))

    def __setitem__(self, dep: Any, resolver: Any) -> None:
        self.define(dep, resolver)

    def resolve(self, dep_type: type[T], suppress_error: bool = False, skip_definitions: bool = False) -> T:
        """Return an instance as this container sees it; otherwise like the container below."""
        token = innermost.set(self._while_it_lasts(key_of(dep_type)[0]))
        try:
            return self._container.resolve(dep_type, suppress_error, skip_definitions)
        finally:
            innermost.reset(token)

    def __getitem__(self, dep: type[T]) -> T:
        return self.resolve(dep)

    @property
    def defined_types(self) -> set[Any]:
        """Every type that was registered, here or below."""
        found = self._container.defined_types
        layer: Layer | None = self._layer
        while layer is not None and layer.parent is not None:
            found |= layer.providers.keys()
            layer = layer.parent
        return found

    def partial(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse, as the container does."""
        raise UnsupportedLagomFeatureError("partial()", "Resolve in the test, or override what the route asks for.")

    def magic_partial(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse, as the container does."""
        raise UnsupportedLagomFeatureError(
            "magic_partial()", "Resolve in the test, or override what the route asks for."
        )

    def _while_it_lasts(self, key: Key) -> Layer:
        if self._layer.ended:
            raise OverrideEndedError(describe(key), calling_line())
        return self._layer

    def _put(self, provider: Provider) -> None:
        self._layer.providers[provider.key] = provider
        for layer in self._container.overrides:
            if layer.stands_on(self._layer):
                layer.reconsider(provider.key)
