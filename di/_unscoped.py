"""Resolving outside of any scope: singletons, and transients that hold nothing but singletons."""

from typing import TYPE_CHECKING, Any

from di._keys import Key, describe
from di._providers import Kind, Lifetime
from di.errors import NoScopeError

if TYPE_CHECKING:
    from di._layers import Layer


def get_unscoped(layer: "Layer", key: Key) -> Any:
    """Return an instance from synchronous code.

    Raises:
        NoScopeError: the key, or something below a transient, is scoped.
        AsyncBuildRequiredError: something must be awaited, and this thread is the one that would have to do it.
    """
    layer.check(key)
    layer.note_use(key)
    provider = layer.node(key).provider
    if provider.kind is Kind.VALUE:
        return provider.make
    if provider.lifetime is Lifetime.SINGLETON:
        return layer.owner(key).obtain_now(key)
    if provider.lifetime is Lifetime.SCOPED:
        raise NoScopeError(describe(key))
    return layer.transient_now(key)


async def resolve_unscoped(layer: "Layer", key: Key) -> Any:
    """Return an instance, awaiting whatever it needs.

    Raises:
        NoScopeError: the key, or something below a transient, is scoped.
    """
    layer.check(key)
    if not layer.is_singleton(key):  # what a singleton reaches was checked
        for each in (key, *layer.closure(key)):
            if layer.node(each).provider.lifetime is Lifetime.SCOPED:
                raise NoScopeError(describe(each))
    return await layer.deferred_instance(key)
