"""`Deps(container)` with nothing installed: lagom's `FastApiIntegration`, on scopes.

The first service that a connection asks for opens its unit of work on FastAPI's own exit stack, which closes it.
"""

import asyncio
import dataclasses
import inspect
import threading
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Any, get_origin

import anyio
import fastapi
import lagom
from lagom.definitions import ConstructionWithoutContainer, SingletonWrapper
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.types import Receive, Send

from di import Container
from di import Scope as UnitOfWork
from di._keys import Key, describe, key_of
from di._lagom import definitions_of, entering_provider, finished_provider, managed_type, place_of
from di._layers import innermost
from di._places import calling_line
from di._providers import CLOSING_KINDS, Lifetime, Provider, read_provider
from di._scope import current
from di.errors import InvalidProviderError, NoScopeError
from middleware._fastapi import function_stack, request_stack
from middleware._outcome import watch_late
from middleware._request_scope import RequestScope, serving_scope
from middleware.errors import UnsupportedContainerError


class DropIn:
    """A container as lagom's integration sees it; its definitions are read when they are first needed.

    Args:
        source: a container of ours, or lagom's, whose definitions are then read into one of ours.
        request_singletons: types of which each request has one.
        request_context_singletons: the same, for types made by a context manager that is exited after the request.
        register: told of the container before it is used.
    """

    def __init__(
        self,
        source: lagom.Container,
        request_singletons: Iterable[Any],
        request_context_singletons: Iterable[Any],
        register: Callable[[Container], None],
    ) -> None:
        if not _is_a(source, lagom.Container):
            raise UnsupportedContainerError(repr(source))
        self.container = source if isinstance(source, Container) else Container()
        self._source = source
        self._singletons = [key_of(hint)[0] for hint in request_singletons]
        self._managed = [key_of(hint)[0] for hint in request_context_singletons]
        self._register = register
        self._location = calling_line()
        self._read: set[Any] = set()
        self._seen = 0
        self._ready = False
        self._lock = threading.Lock()

    # --- definitions ------------------------------------------------------------------------------------------------

    def prepare(self, *, autowire: bool) -> Container:
        """Read definitions that were not read yet, and return the container they are in."""
        with self._lock:
            if self._ready and not self._has_news():
                return self.container
            self._register(self.container)
            if self._source is not self.container:
                self._convert(self._source)
            layer = self.container.root_layer
            for key in self._singletons:
                self._share(key, layer.registered(key))
            for key in self._managed:
                self._manage(key, layer.registered(key))
            layer.autowire = layer.autowire or (autowire and not _is_a(self._source, lagom.ExplicitContainer))
            self.container.forget()
            self._ready = True
            return self.container

    def _has_news(self) -> bool:
        return self._source is not self.container and len(self._source.defined_types) != self._seen

    def _convert(self, source: lagom.Container) -> None:
        """Read what a lagom container defines. Its `Singleton`s become ours, also for whoever asks lagom for them."""
        self._seen = len(source.defined_types)
        for hint, definition in definitions_of(source):
            if hint in self._read:
                continue
            place = place_of(definition)
            if not isinstance(definition, SingletonWrapper) or get_origin(hint) is Awaitable:
                self.container.define_at(key_of(hint)[0], definition, place)
            elif definition._instance is not None:  # noqa: SLF001 - lagom built it already, and one must be enough
                self.container.put(finished_provider(key_of(hint)[0], definition._instance, place))  # noqa: SLF001
            else:
                self.container.define_at(key_of(hint)[0], definition, place)
                definition.singleton_type = ConstructionWithoutContainer(partial(self._without_overrides, hint))
            self._read.add(hint)

    def _without_overrides(self, hint: Any) -> Any:
        # lagom keeps what it gets for ever.
        token = innermost.set(None)
        try:
            return self.container.resolve(hint)
        finally:
            innermost.reset(token)

    def _share(self, key: Key, provider: Provider | None) -> None:
        """Let each unit of work have one instance of a type, if each injection had one so far."""
        if provider is None and inspect.isclass(key) and not inspect.isabstract(key):
            provider = read_provider(key, Lifetime.SCOPED, key, location=self._location)
            self.container.put(provider)
        elif provider is not None and provider.lifetime is Lifetime.TRANSIENT:
            self.container.put(dataclasses.replace(provider, lifetime=Lifetime.SCOPED))

    def _manage(self, key: Key, provider: Provider | None) -> None:
        """Let each unit of work enter the context manager of a type once."""
        managers = [each for each in self.container.root_layer.providers if managed_type(each) == key]
        if managers:
            self.container.put(entering_provider(key, managers[0], self._location))
        elif provider is None or provider.kind not in CLOSING_KINDS:
            name = describe(key)
            raise InvalidProviderError(
                name, self._location, f"request_context_singletons needs a definition of ContextManager[{name}]"
            )
        else:
            self._share(key, provider)

    # --- units of work ----------------------------------------------------------------------------------------------

    def unit_of_work(self, connection: HTTPConnection) -> UnitOfWork:
        """Return the scope of a connection; the first call opens it."""
        served = serving_scope(self.container, connection.scope)
        return served or _open(self.prepare(autowire=True), current.get(), connection)


def _is_a(thing: object, kind: type) -> bool:
    # The compiled classes of lagom share one cache of answers to isinstance, so that one can spoil another's.
    return kind in type(thing).__mro__


def _open(container: Container, outer: UnitOfWork | None, connection: HTTPConnection) -> UnitOfWork:
    on_connection, on_function = request_stack(connection.scope), function_stack(connection.scope)
    if on_connection is None:  # a FastAPI that nobody has tried
        raise NoScopeError(f"Deps(container) on FastAPI {fastapi.__version__}")
    receive: Receive = connection.receive  # type: ignore[attr-defined]  # both kinds of connection have it
    send: Send = connection._send  # type: ignore[attr-defined]  # noqa: SLF001 - as they have this
    work = RequestScope(container, outer, connection.scope, receive, send)
    work.request = connection
    current.set(work)
    # What is pushed last runs first: look whether the client left, tell the scope of a failure, close it.
    on_connection.push_async_exit(_End(work))
    if isinstance(connection, Request) and on_function is not None:
        on_function.push(_ResponseMade(work))
    watch_late(connection, work)
    if isinstance(connection, Request):
        on_connection.push_async_exit(_ClientCheck(work))
    return work


class _ResponseMade:
    """Notes that the response, which exists by now, goes out next."""

    __slots__ = ("_work",)

    def __init__(self, work: RequestScope) -> None:
        self._work = work

    def __call__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._work.started = error is None


class _ClientCheck:
    """Finds out whether sending failed because the client is gone: nobody stands between it and the response."""

    __slots__ = ("_work",)

    def __init__(self, work: RequestScope) -> None:
        self._work = work

    async def __call__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._work.started and isinstance(error, OSError | ClientDisconnect | BaseExceptionGroup):
            self._work.client_gone = await _has_left(self._work.receive)


async def _has_left(receive: Receive) -> bool:
    with anyio.CancelScope() as at_once:
        at_once.cancel()
        while (await receive())["type"] != "http.disconnect":
            pass
        return True
    return False


class _End:
    """Ends a unit of work the way `RequestScopeMiddleware` does."""

    __slots__ = ("_work",)

    def __init__(self, work: RequestScope) -> None:
        self._work = work

    async def __call__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        work = self._work
        try:
            if work.success_callbacks and not isinstance(error, asyncio.CancelledError):
                await work.succeed()
        finally:
            try:
                with anyio.CancelScope(shield=True):
                    await work.close()
            finally:
                current.set(work.outer)
                work.request = work.watched = None  # they refer to us, in a circle
