"""What happens inside, told to whoever listens: builds and teardowns with their durations."""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from di._keys import Key, describe
from di._providers import Lifetime, Provider

T = TypeVar("T")

_log = logging.getLogger("di")


@dataclass(frozen=True, slots=True)
class BuildEvent:
    """An instance was built, or failed to build: then `error` says why.

    `wait` is the time in seconds from the request for the instance until its provider ran: that of its dependencies
    and of builds by others. `duration` is the time in seconds the provider itself took.
    """

    key: Key
    lifetime: Lifetime
    wait: float
    duration: float
    error: BaseException | None = None

    @property
    def name(self) -> str:
        """The type as it is written in code."""
        return describe(self.key)


@dataclass(frozen=True, slots=True)
class TeardownEvent:
    """A resource was closed in `duration` seconds, or failed to: then `error` says why."""

    key: Key
    lifetime: Lifetime
    duration: float
    error: BaseException | None = None

    @property
    def name(self) -> str:
        """The type as it is written in code."""
        return describe(self.key)


Event = BuildEvent | TeardownEvent
Listener = Callable[[Event], object]


class Observers:
    """Those who listen to one container. What a listener raises is logged and disturbs nobody."""

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def add(self, listener: Listener) -> None:
        """Tell a listener from now on."""
        self._listeners = (*self._listeners, listener)

    def remove(self, listener: Listener) -> None:
        """Tell a listener no longer."""
        self._listeners = tuple(each for each in self._listeners if each != listener)

    async def watch_build(self, provider: Provider, asked: float, opening: Awaitable[T]) -> T:
        """Await a build and tell how it went; `asked` is when the instance was asked for, in `perf_counter` seconds."""
        begun = time.perf_counter()
        wait = begun - asked
        try:
            value = await opening
        except BaseException as error:
            self._tell(BuildEvent(provider.key, provider.lifetime, wait, time.perf_counter() - begun, error))
            raise
        self._tell(BuildEvent(provider.key, provider.lifetime, wait, time.perf_counter() - begun))
        return value

    async def watch_teardown(self, provider: Provider, closing: Awaitable[None]) -> None:
        """Await a teardown and tell how it went."""
        begun = time.perf_counter()
        try:
            await closing
        except BaseException as error:
            self._tell(TeardownEvent(provider.key, provider.lifetime, time.perf_counter() - begun, error))
            raise
        self._tell(TeardownEvent(provider.key, provider.lifetime, time.perf_counter() - begun))

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                _log.exception("a listener of the container failed on %s", event)
