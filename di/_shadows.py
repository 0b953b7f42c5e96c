"""Shadow mode: old getters keep their own instances, and are compared with the container."""

import asyncio
import functools
import inspect
import logging
import sys
import warnings
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from di._callers import importing_place, place_of
from di._keys import Key, describe, qualified, source_of
from di._marks import MISSING
from di._providers import Kind, Lifetime
from di._sources import Place
from di.errors import (
    AskedAtImportWarning,
    TwoInstancesWarning,
    UnregisteredShadowWarning,
    UnsupportedGetterError,
)

if TYPE_CHECKING:
    from di._container import Container
    from di._scope import Scope

F = TypeVar("F", bound=Callable[..., Any])
Find = Callable[[], "tuple[Container | None, Scope | None]"]

_LOGGER: Final = logging.getLogger("di.bridge")
_OF_CACHES: Final = ("cache_clear", "cache_info", "cache_parameters")  # no part of __dict__, and tests use them


class Finding(StrEnum):
    """What a shadowed getter can be found to do."""

    TWO_INSTANCES = "two-instances"
    AT_IMPORT = "at-import"
    UNREGISTERED = "unregistered"


@dataclass(frozen=True, slots=True)
class Report:
    """What was found about a getter; `getter` is its qualified name, `place` the `file:line` of who called it."""

    finding: Finding
    service: str
    getter: str
    place: str
    text: str

    def __str__(self) -> str:
        return self.text


class Reports:
    """Keeps what was found, once per getter and place, logs it and warns of it."""

    def __init__(self) -> None:
        self._found: dict[tuple[Finding, str, str], Report] = {}

    @property
    def all(self) -> tuple[Report, ...]:
        """Everything found so far, oldest first."""
        return tuple(self._found.values())

    def forget_instances(self) -> None:
        """Forget what depends on the container; what was asked at import stays, because it happens only once."""
        for known in list(self._found):  # threads may add meanwhile
            if known[0] is not Finding.AT_IMPORT:
                self._found.pop(known, None)

    def add(self, finding: Finding, shadow: "Shadow", place: str, warning: Warning) -> None:
        """Report something, unless it was reported before."""
        report = Report(finding, shadow.service, shadow.getter, place, str(warning))
        once = "" if finding is Finding.UNREGISTERED else place  # the same at every place
        if self._found.setdefault((finding, shadow.getter, once), report) is not report:
            return
        _LOGGER.warning("%s", warning)
        where = Place.parse(place) or Place(place, 0)
        warnings.warn_explicit(warning, type(warning), where.file, where.line)


class Shadow:
    """One getter that is watched."""

    def __init__(self, key: Key, getter: Callable[..., Any], reports: Reports, find: Find) -> None:
        self._key = key
        self._find = find
        self._reports = reports
        self._uncompared: tuple[object, str] | None = None  # what it returned while the container had nothing
        self.service = describe(key)
        self.name = describe(getter)
        self.getter = qualified(getter)

    def saw(self, instance: object, caller: FrameType) -> None:
        """Look at what the getter returned to a caller."""
        place = place_of(caller)
        importing = importing_place(caller)
        if importing is not None:
            warning = AskedAtImportWarning(self.service, self.name, place, importing)
            self._reports.add(Finding.AT_IMPORT, self, place, warning)
        container, scope = self._find()
        if container is None or not self._compare(instance, place, container, scope):
            self._uncompared = instance, place

    def saw_the_end(self, container: "Container") -> None:
        """Compare what was returned before the container had anything, when the container stops."""
        if self._uncompared is not None:
            self._compare(*self._uncompared, container, None)
            self._uncompared = None

    def _compare(self, instance: object, place: str, container: "Container", scope: "Scope | None") -> bool:
        """Report a second instance; return whether the container has one at all."""
        key, layer = self._key, container.active_layer()
        if layer.provider(key) is None:
            warning = UnregisteredShadowWarning(self.service, self.name, place)
            self._reports.add(Finding.UNREGISTERED, self, place, warning)
            return True
        provider = layer.node(key).provider
        if provider.lifetime is Lifetime.SCOPED:
            theirs = MISSING if scope is None else scope.peek(key, layer)
        else:
            theirs = provider.make if provider.kind is Kind.VALUE else layer.owner(key).singletons.get(key, MISSING)
        if theirs is MISSING:
            return False
        if theirs is not instance:
            lifetime, overridden = provider.lifetime.value, layer.overrides(key)
            double = TwoInstancesWarning(self.service, self.name, place, lifetime, overridden=overridden)
            self._reports.add(Finding.TWO_INSTANCES, self, place, double)
        self._uncompared = None
        return True


def watch(getter: F, shadow: Shadow) -> F:
    """Return a getter that does what it did, and shows a shadow what it returns.

    Raises:
        UnsupportedGetterError: it is a generator.
    """
    if inspect.isgeneratorfunction(getter) or inspect.isasyncgenfunction(getter):
        raise UnsupportedGetterError(shadow.name, source_of(getter))
    watched = _watch_async(getter, shadow) if inspect.iscoroutinefunction(getter) else _watch_sync(getter, shadow)
    for name in _OF_CACHES:
        if hasattr(getter, name):
            setattr(watched, name, getattr(getter, name))
    return watched  # type: ignore[return-value]  # it is called and answers as the getter does


def _watch_sync(getter: Callable[..., Any], shadow: Shadow) -> Callable[..., Any]:
    @functools.wraps(getter)
    def watched(*args: Any, **kwargs: Any) -> Any:
        instance = getter(*args, **kwargs)
        if not isinstance(instance, Coroutine | asyncio.Future):  # nothing to compare before it is awaited
            shadow.saw(instance, sys._getframe(1))  # noqa: SLF001 - the documented way to look at callers
        return instance

    return watched


def _watch_async(
    getter: Callable[..., Coroutine[Any, Any, Any]], shadow: Shadow
) -> Callable[..., Coroutine[Any, Any, Any]]:
    @functools.wraps(getter)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        instance = await getter(*args, **kwargs)
        shadow.saw(instance, sys._getframe(1))  # noqa: SLF001 - the documented way to look at callers
        return instance

    return watched
