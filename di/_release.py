"""The order in which what a scope opened closes, and what goes when one object is given back early."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from di._instances import Closer
from di._keys import Key

if TYPE_CHECKING:
    from di._layers import Layer

Stores = Mapping["Layer", dict[Key, Any]]
Callback = Callable[[], Awaitable[object] | object]


class Holders:
    """An object of a scope and everything in the scope that holds it, directly or through others."""

    def __init__(self, key: Key, owner: "Layer") -> None:
        self._key = key
        self._owner = owner

    def include(self, key: Key, layer: "Layer") -> bool:
        """Whether an instance of `key`, built as seen from a layer, is or holds the object."""
        return layer.owner(self._key) is self._owner and self._key in layer.closure(key)

    def take_instances(self, stores: Stores) -> list[Any]:
        """Take what has to go out of the stores of a scope, and return it."""
        return [store.pop(key) for layer, store in stores.items() for key in list(store) if self.include(key, layer)]

    def split(self, closers: Sequence[Closer]) -> tuple[list[Closer], list[Closer]]:
        """Return which resources have to be closed, and which stay."""
        gone = [each for each in closers if self.include(each.provider.key, each.layer)]
        return gone, [each for each in closers if not self.include(each.provider.key, each.layer)]


def callbacks_of(instances: Sequence[Any], callbacks: Sequence[Callback]) -> list[Callback]:
    """Return the `on_success` callbacks that are methods of these instances."""
    owners = {id(each) for each in instances}
    return [each for each in callbacks if id(getattr(each, "__self__", None)) in owners]


def in_closing_order(closers: Sequence[Closer]) -> list[Closer]:
    """Move what a `Lazy` or `Factory` opened before those that hold it, so that it closes after them."""
    ordered: list[Closer] = []
    for closer in closers:
        place = next((number for number, each in enumerate(ordered) if _holds(each, closer)), len(ordered))
        ordered.insert(place, closer)
    return ordered


def _holds(holder: Closer, held: Closer) -> bool:
    """Whether one reaches the other, and not also the other way round."""
    key = holder.provider.key
    reaches = held.provider.key in holder.layer.closure(key) and held.provider.key != key
    return reaches and key not in held.layer.closure(held.provider.key)
