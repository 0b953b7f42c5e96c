"""Registration: by lifetime, and by lagom's own syntax. What of lagom would break promises is refused by name."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import lagom

from di._keys import Key, describe, key_of
from di._lagom import DefinitionReader, alias_provider, points_to
from di._marks import MISSING
from di._places import calling_line
from di._providers import Lifetime, Provider, is_generic_class, read_provider
from di.errors import (
    ContainerStartedError,
    DuplicateProviderError,
    InvalidProviderError,
    MissingProviderError,
    UnsupportedKeyError,
    UnsupportedLagomFeatureError,
)

if TYPE_CHECKING:
    from di._compiler import ResolvePlans
    from di._layers import Layer

T = TypeVar("T")


class Registration(lagom.Container):
    """The part of a container that registers providers and answers for lagom's interface."""

    root_layer: "Layer"
    overrides: "list[Layer]"
    plans: "ResolvePlans"
    started: bool
    _aliases: dict[type, list[tuple[Key, str]]]
    _reader: DefinitionReader

    def singleton(
        self,
        key: type[T] | Any,
        provider: Any = MISSING,
        *,
        timeout: float | None = None,
        eager: bool = True,
        required: bool = True,
        external: bool = False,
        ping: Callable[[Any], object] | None = None,
    ) -> None:
        """Register a type of which the container holds one.

        Args:
            key: the type, or `Annotated[type, Named("...")]`.
            provider: a class, function or generator function, sync or async, whose parameters are injected; a finished
                object; left out, the type itself.
            timeout: seconds that the provider, and later its teardown, may take.
            eager: False leaves it to first use instead of `start`.
            required: False lets `start` go on when it fails; the reason is then in `failures`.
            external: it reaches outside; a test that builds it fails.
            ping: called with the instance by `health`; may be asynchronous; raises or returns False when it is down.
        """
        self._register(
            key,
            Lifetime.SINGLETON,
            provider,
            timeout=timeout,
            eager=eager,
            required=required,
            external=external,
            ping=ping,
        )

    def scoped(self, key: type[T] | Any, provider: Any = MISSING, *, external: bool = False) -> None:
        """Register a type of which every scope has one. Arguments as for `singleton`."""
        self._register(key, Lifetime.SCOPED, provider, external=external)

    def transient(self, key: type[T] | Any, provider: Any = MISSING, *, external: bool = False) -> None:
        """Register a type that is made anew for every injection. Arguments as for `singleton`."""
        self._register(key, Lifetime.TRANSIENT, provider, external=external)

    def replace(self, key: type[T] | Any, provider: Any) -> None:
        """Put another provider in the place of a registered one, before start; the lifetime stays."""
        wanted = key_of(key)[0]
        previous = self.root_layer.providers.get(wanted)
        if previous is None:
            raise MissingProviderError(describe(wanted), f"replace() at {calling_line()}")
        self._add(
            read_provider(
                wanted,
                previous.lifetime,
                provider,
                location=calling_line(),
                timeout=previous.timeout,
                eager=previous.eager,
                required=previous.required,
                external=previous.external,
                ping=previous.ping,
            ),
            again=True,
        )

    def _register(self, hint: Any, lifetime: Lifetime, make: Any, **options: Any) -> None:
        key, location = key_of(hint)[0], calling_line()
        _refuse_unsupported(key, location)
        if make is MISSING:
            if not inspect.isclass(key) and not is_generic_class(key):
                raise InvalidProviderError(describe(key), location, "it is not a class, so a provider must be given")
            make = key
        if inspect.isclass(make) and (inspect.isabstract(make) or getattr(make, "_is_protocol", False)):
            raise InvalidProviderError(
                describe(key), location, f"{describe(make)} is abstract; give an implementation as provider"
            )
        self._add(read_provider(key, lifetime, make, location=location, **options))

    def _add(self, provider: Provider, *, again: bool = False) -> None:
        key = provider.key
        if self.started:
            raise ContainerStartedError(describe(key), provider.location)
        previous = self.root_layer.providers.get(key)
        if previous is not None and not again and key not in self.root_layer.autowired:
            raise DuplicateProviderError(describe(key), previous.location, provider.location)
        self.put(provider)

    def put(self, provider: Provider) -> None:
        """Let a provider answer for its key, whoever did before; what is an alias of it follows."""
        key = provider.key
        self.root_layer.providers[key] = provider
        self.root_layer.autowired.pop(key, None)
        if inspect.isclass(key):
            for alias, location in self._aliases.get(key, ()):
                self.root_layer.providers[alias] = alias_provider(alias, key, location)
        self.forget()

    def forget(self) -> None:
        """Drop what was found out about the graph, after a registration changed."""
        for layer in (self.root_layer, *self.overrides):
            layer.forget()
        self.plans.forget()

    # --- lagom's face -----------------------------------------------------------------------------------------------

    def define(self, dep: Any, resolver: Any) -> Any:
        """Register by lagom's rules: a class is an alias, a function is called each time, `Singleton` shares."""
        self.define_at(key_of(dep)[0], resolver, calling_line())

    def define_at(self, key: Key, resolver: Any, location: str) -> None:
        """Register by lagom's rules what was defined somewhere else."""
        target = points_to(resolver)
        if target is not None and target != key:
            self._aliases.setdefault(target, []).append((key, location))
        for provider in self._reader.read(key, resolver, location, known=self.root_layer.registered):
            self._add(provider)

    @property
    def defined_types(self) -> set[Any]:
        """Every type that was registered."""
        return set(self.root_layer.providers) - set(self.root_layer.autowired)

    def clone(self) -> Any:
        """Refuse: a clone would keep objects of one request alive for ever."""
        raise UnsupportedLagomFeatureError("clone()", "Use container.scope() or container.override(...).")

    def temporary_singletons(self, singletons: Any = None) -> Any:
        """Refuse: scoped lifetimes do this, also for asynchronous providers."""
        raise UnsupportedLagomFeatureError("temporary_singletons()", "Register the types as scoped.")

    def partial(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse: its arguments would outlive the unit of work they belong to."""
        raise UnsupportedLagomFeatureError("partial()", "In routes use deps.depends(T); elsewhere resolve in a scope.")

    def magic_partial(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse: see `partial`."""
        raise UnsupportedLagomFeatureError(
            "magic_partial()", "In routes use deps.depends(T); elsewhere resolve in a scope."
        )


def _refuse_unsupported(key: Key, location: str) -> None:
    if isinstance(key, str | int | float | bytes | bool | None):
        raise UnsupportedKeyError(f"{key!r} ({location})", "a key is a type, not a value")
    if key in (str, int, float, bool, bytes, list, dict, tuple, set, object):
        raise UnsupportedKeyError(
            f"{describe(key)} ({location})", "too many parameters have this type; wrap it in a NewType or a class"
        )
