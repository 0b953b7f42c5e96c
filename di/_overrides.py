"""Overrides: another provider for a while, in this context only."""

import contextlib
import contextvars
import inspect
from types import TracebackType
from typing import TYPE_CHECKING, Any

from di._instances import close_all, closes_at_once, run_now
from di._keys import Key, describe
from di._layers import Layer, innermost
from di._lifecycle import end_override
from di._providers import Kind, Provider, read_provider
from di._release import in_closing_order
from di._shielding import raise_grouped, shielded
from di.errors import IncompleteFakeError, MissingProviderError, UnusedOverrideError

if TYPE_CHECKING:
    from di._container import Container

OCCASION = "ending the override"


class OverrideBlock:
    """A block with a layer of its own; ends synchronously or asynchronously."""

    def __init__(self, container: "Container") -> None:
        self._container = container
        self._layer: Layer | None = None
        self._token: contextvars.Token[Layer | None] | None = None

    def _begin(self, providers: dict[Key, Provider]) -> Layer:
        container = self._container
        layer = self._layer = Layer(container, providers, container.active_layer())
        layer.below = _not_ended(innermost.get())
        container.active_layer().held_by.add(layer)
        container.overrides.append(layer)
        container.overridden += 1
        container.detour += 1
        self._token = innermost.set(layer)
        return layer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        ended = self._leave()
        errors: list[BaseException] = []
        for scope in ended.scopes if not ended.further else ():
            if scope.gives_back_at_once(ended):
                errors += run_now(scope.give_back(ended), OCCASION)
        layer: Layer | None = ended
        while layer is not None and layer.may_close and not layer.is_building() and closes_at_once(layer.closers):
            layer.singletons.clear()
            errors += run_now(close_all(in_closing_order(layer.closers), None), OCCASION)
            layer = layer.remove()
        # What is left is closed by the last scope that holds something of it, or by the container when it stops.
        raise_grouped(OCCASION, errors)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await shielded(end_override(self._leave()), OCCASION)

    def _leave(self) -> Layer:
        layer, token = self._layer, self._token
        assert layer is not None and token is not None  # noqa: S101, PT018 - entered before left
        layer.ended = True
        self._container.overridden -= 1
        self._container.detour -= 1
        # Ended in another context than it began in (a fixture's teardown), there the layer is seen as ended.
        with contextlib.suppress(ValueError):
            innermost.reset(token)
        return layer


class Override(OverrideBlock):
    """The block in which a type has another provider; a sync and an async context manager."""

    def __init__(self, container: "Container", key: Key, fake: Any, *, location: str, strict: bool) -> None:
        super().__init__(container)
        real = container.active_layer().provider(key)
        if real is None:
            raise MissingProviderError(describe(key), f"override() at {location}")
        self._key = key
        self._provider = read_provider(
            key,
            real.lifetime,
            fake,
            location=location,
            timeout=real.timeout,
            eager=real.eager,
            required=real.required,
        )
        if strict:
            _refuse_incomplete(key, fake, self._provider.kind)

    def __enter__(self) -> Any:
        """Begin; returns the fake as it was given."""
        self._begin({self._key: self._provider})
        return self._provider.make

    async def __aenter__(self) -> Any:
        """Begin; returns the fake as it was given."""
        return self.__enter__()

    def check_used(self) -> None:
        """Raise `UnusedOverrideError` when nothing has asked for the type so far."""
        if self._layer is not None and self._key not in self._layer.resolved:
            raise UnusedOverrideError([describe(self._key)])


def _not_ended(layer: Layer | None) -> Layer | None:
    while layer is not None and layer.ended:
        layer = layer.below
    return layer


def _refuse_incomplete(key: Key, fake: Any, kind: Kind) -> None:
    if not inspect.isclass(key) or (kind is not Kind.VALUE and not inspect.isclass(fake)):
        return
    missing = [
        name
        for name, member in inspect.getmembers_static(key)
        if not name.startswith("_") and inspect.isroutine(member) and not _offers(fake, name)
    ]
    if missing:
        raise IncompleteFakeError(describe(key), [f"{name}()" for name in missing])


def _offers(fake: Any, name: str) -> bool:
    # First without running descriptors of the fake: some of them warn when they are merely looked at.
    return inspect.getattr_static(fake, name, None) is not None or hasattr(fake, name)
