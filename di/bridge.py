"""A bridge for code that asks a getter: the getter stays, and returns the container's object.

```
bridge = Bridge()                  # in a module that services can import, before any container exists
def get_mailer() -> Mailer:
    return bridge.get(Mailer)      # was: a global, filled at the first call
bridge.install(container)          # where the application is made
```
"""

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakSet

from di._callers import asking_place
from di._container import Container
from di._keys import describe, key_of
from di._scope import Scope, current
from di._shadows import Finding, Report, Reports, Shadow, watch
from di._unscoped import get_unscoped, resolve_unscoped
from di.errors import (
    AsyncBuildRequiredError,
    BridgeAwaitError,
    BridgeNotInstalledError,
    BridgeNotStartedError,
    BridgeOutsideScopeError,
    NoScopeError,
)

__all__ = ["Bridge", "Finding", "Report"]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Bridge:
    """Lets getters return what a container holds. Make one per application, in a module that getters can import."""

    def __init__(self) -> None:
        self._container: Container | None = None
        self._served: WeakSet[Container] = WeakSet()
        self._shadows: list[Shadow] = []
        self._reports = Reports()

    def install(self, container: Container) -> None:
        """Answer from a container; a later one takes its place, such as that of the next test.

        Inside a scope of an earlier container, that one still answers. Reports of two instances begin anew.
        """
        self._container = container
        self._reports.forget_instances()
        if container not in self._served:
            self._served.add(container)
            container.when_stopping(lambda: self._compare_the_rest(container))

    def get(self, key: type[T]) -> T:
        """Return the container's object: the singleton, or in an open scope the scoped one; overrides hold.

        For the body of a synchronous getter.

        Raises:
            BridgeNotInstalledError: `install` was not called yet.
            BridgeNotStartedError: the container is not running, and no scope is open.
            BridgeOutsideScopeError: the type, or what it holds, is scoped, and no scope is open.
            BridgeAwaitError: something must be awaited first.
        """
        container, scope, ended = self._who_answers(key)
        try:
            if scope is not None:
                return scope.get(key)
            value: T = get_unscoped(container.active_layer(), key_of(key)[0])
        except AsyncBuildRequiredError as error:
            raise BridgeAwaitError(_name(key), asking_place(), error.blocker) from error
        except NoScopeError as error:
            raise BridgeOutsideScopeError(_name(key), asking_place(), error.wanted, ended=ended) from error
        return value

    async def resolve(self, key: type[T]) -> T:
        """Return the container's object, building whatever it needs; for the body of an async getter.

        Raises:
            BridgeNotInstalledError, BridgeNotStartedError, BridgeOutsideScopeError: as for `get`.
        """
        container, scope, ended = self._who_answers(key)
        if scope is not None:
            return await scope.resolve(key)
        try:
            value: T = await resolve_unscoped(container.active_layer(), key_of(key)[0])
        except NoScopeError as error:
            raise BridgeOutsideScopeError(_name(key), asking_place(), error.wanted, ended=ended) from error
        return value

    def shadow(self, key: type[Any]) -> Callable[[F], F]:
        """Watch a getter that still keeps its own instance: `@bridge.shadow(Mailer)` above `def get_mailer()`.

        The getter works as before, also without a container. Each place is logged (logger `di.bridge`), warned of, and
        added to `reports`, once: calls that returned another object than the container has (`TwoInstancesWarning`),
        and calls made while a module is imported (`AskedAtImportWarning`). Costs a look up the stack for each call.

        Raises:
            UnsupportedGetterError: the getter is a generator.
        """

        def decorate(getter: F) -> F:
            shadow = Shadow(key_of(key)[0], getter, self._reports, self._who_is_open)
            watched = watch(getter, shadow)
            self._shadows.append(shadow)
            return watched

        return decorate

    @property
    def reports(self) -> tuple[Report, ...]:
        """What was found about shadowed getters since the container was installed, and at import; oldest first."""
        return self._reports.all

    def _who_answers(self, key: Any) -> tuple[Container, Scope | None, bool]:
        """Return the container, its scope in this context if one is open, and whether one was and has closed."""
        scope = self._innermost_scope()
        container = self._container if scope is None else scope.container
        if container is None:
            raise BridgeNotInstalledError(_name(key), asking_place())
        if scope is None and not container.started:
            raise BridgeNotStartedError(_name(key), asking_place(), stopped=container.stopped)
        if scope is not None and scope.closed:  # what outlives its request may still ask for singletons
            return container, None, True
        return container, scope, False

    def _who_is_open(self) -> tuple[Container | None, Scope | None]:
        """Return what a shadow may compare with: nothing unless the container runs or a scope is open."""
        scope = self._innermost_scope()
        if scope is not None and not scope.closed:
            return scope.container, scope
        container = self._container
        return (container if container is not None and container.started else None), None

    def _innermost_scope(self) -> Scope | None:
        scope = current.get()
        while scope is not None and scope.container not in self._served:
            scope = scope.outer
        return scope

    def _compare_the_rest(self, container: Container) -> None:
        if container is self._container:
            for shadow in self._shadows:
                shadow.saw_the_end(container)


def _name(key: Any) -> str:
    return describe(key_of(key)[0])
