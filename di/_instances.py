"""Making one instance, and closing what was opened: the only place that drives providers."""

import contextvars
import inspect
import types
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from collections.abc import Container as Membership
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard, TypeVar

from di._keys import describe, source_of
from di._marks import MISSING
from di._providers import Kind, Provider, describe_provider
from di.errors import AsyncBuildRequiredError, ExternalProviderError, GeneratorYieldError

if TYPE_CHECKING:
    from di._layers import Layer

T = TypeVar("T")


# What a test run allows to be built although it is marked external; None outside of tests. Set by di.testing.
external_allowed: contextvars.ContextVar[Membership[Any] | None] = contextvars.ContextVar(
    "external_allowed", default=None
)


_ASYNC, _SYNC = Kind.ASYNC_GENERATOR, Kind.GENERATOR  # an enumeration's members are slow to get at


class Closer(NamedTuple):
    """An opened resource: the generator or context manager that has to be finished, and who opened it as seen from."""

    provider: Provider
    handle: Any
    layer: "Layer"


async def open_instance(
    provider: Provider,
    layer: "Layer",
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    closers: list[Closer],
    path: Sequence[Provider],
    asked: float,
) -> Any:
    """Call a provider; what must be closed later is appended to `closers` as soon as it is open.

    `asked` is when somebody asked for the instance, by `perf_counter`, and only read when somebody listens. Suspends
    only for providers that are asynchronous themselves. Whatever the provider raises gets a note with the resolution
    path and is raised unchanged.
    """
    if provider.kind is Kind.VALUE:
        return provider.make
    if provider.external:
        refuse_external(provider, path)
    opening = _open(provider, layer, args, kwargs, closers)
    observers = layer.container.observers
    try:
        return await (observers.watch_build(provider, asked, opening) if observers else opening)
    except BaseException as error:
        add_path_note(error, [*path, provider])
        raise


async def _open(
    provider: Provider, layer: "Layer", args: Sequence[Any], kwargs: Mapping[str, Any], closers: list[Closer]
) -> Any:
    made = provider.make(*args, **kwargs)
    kind = provider.kind
    if kind is Kind.CALL:
        return made
    if kind is Kind.COROUTINE:
        return await made
    if kind is Kind.GENERATOR:
        try:
            value = next(made)
        except StopIteration:
            raise GeneratorYieldError(str(provider), source_of(provider.make), "ended without a yield") from None
    elif kind is Kind.ASYNC_GENERATOR:
        try:
            value = await anext(made)
        except StopAsyncIteration:
            raise GeneratorYieldError(str(provider), source_of(provider.make), "ended without a yield") from None
    elif kind is Kind.CONTEXT_MANAGER:
        value = made.__enter__()
    else:
        value = await made.__aenter__()
    closers.append(Closer(provider, made, layer))
    return value


async def close_all(closers: list[Closer], failure: BaseException | None) -> list[BaseException]:
    """Close everything, newest first, each with the outcome; return what went wrong on the way."""
    errors: list[BaseException] = []
    while closers:
        provider, handle, layer = closer = closers.pop()
        try:
            kind = provider.kind
            if failure is not None or layer.container.detour or (kind is not _ASYNC and kind is not _SYNC):
                await close(closer, failure)
            elif (await anext(handle, MISSING) if kind is _ASYNC else next(handle, MISSING)) is not MISSING:
                await _refuse_second_yield(closer)  # nearly always a generator ends well; so that is done right here
        except BaseException as error:
            error.add_note(f"while closing {describe_provider(closer.provider)}")
            errors.append(error)
    return errors


def close(closer: Closer, failure: BaseException | None) -> Awaitable[None]:
    """Finish one resource: resume it normally, or raise the failure where it yielded."""
    observers = closer.layer.container.observers
    closing = _end_well(closer) if failure is None else _end_with(closer, failure)
    return observers.watch_teardown(closer.provider, closing) if observers else closing


async def _end_well(closer: Closer) -> None:
    handle, kind = closer.handle, closer.provider.kind
    if kind is Kind.ASYNC_GENERATOR:
        try:
            await anext(handle)
        except StopAsyncIteration:
            return
        await _refuse_second_yield(closer)
    elif kind is Kind.GENERATOR:
        try:
            next(handle)
        except StopIteration:
            return
        await _refuse_second_yield(closer)
    elif kind is Kind.CONTEXT_MANAGER:
        handle.__exit__(None, None, None)
    else:
        await handle.__aexit__(None, None, None)


async def _end_with(closer: Closer, failure: BaseException) -> None:
    traceback = failure.__traceback__
    try:
        await _throw(closer, failure)
    except BaseException as error:
        wrapped = isinstance(error, RuntimeError) and error.__cause__ is failure
        if error is not failure and not wrapped:
            raise
    finally:
        failure.__traceback__ = traceback  # every resource sees it as it was raised


async def _throw(closer: Closer, failure: BaseException) -> None:
    handle, kind = closer.handle, closer.provider.kind
    if kind is Kind.CONTEXT_MANAGER:
        handle.__exit__(type(failure), failure, failure.__traceback__)
    elif kind is Kind.ASYNC_CONTEXT_MANAGER:
        await handle.__aexit__(type(failure), failure, failure.__traceback__)
    else:
        try:
            handle.throw(failure) if kind is Kind.GENERATOR else await handle.athrow(failure)
        except (StopIteration, StopAsyncIteration):
            return
        await _refuse_second_yield(closer)


async def _refuse_second_yield(closer: Closer) -> None:
    generator, provider = closer.handle, closer.provider
    if provider.kind is Kind.GENERATOR:
        generator.close()
    else:
        await generator.aclose()
    problem = "went on to a second yield instead of ending"
    raise GeneratorYieldError(str(provider), source_of(provider.make), problem)


def closes_at_once(closers: Sequence[Closer]) -> bool:
    """Whether no teardown among these can come to wait for anything."""
    for provider, _, _ in closers:  # noqa: SIM110 - a generator costs more than what it asks here
        if provider.awaits_at_end:
            return False
    return True


def run_now(work: Coroutine[Any, Any, T], wanted: str) -> T:
    """Run a coroutine that has nothing to wait for, without an event loop."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise AsyncBuildRequiredError(wanted, "something it needs")


async def call(callback: Any) -> None:
    """Call something that may be synchronous or asynchronous."""
    result = callback()
    if is_awaitable(result):
        await result


def is_awaitable(result: Any) -> TypeGuard[Awaitable[Any]]:
    """Whether a call has to be awaited; quick for the usual cases, which every request has."""
    return type(result) is types.CoroutineType or (result is not None and inspect.isawaitable(result))


def refuse_external(provider: Provider, path: Sequence[Provider]) -> None:
    """Raise when a test is about to build something that reaches outside."""
    allowed = external_allowed.get()
    if allowed is not None and provider.key not in allowed:
        raise ExternalProviderError(describe(provider.key), [describe_provider(each) for each in (*path, provider)])


def add_path_note(error: BaseException, path: Sequence[Provider]) -> None:
    """Tell which chain of providers led to the one that failed."""
    chain = " -> ".join(describe_provider(provider) for provider in path)
    error.add_note(f"while building {chain}")


def add_need_note(error: BaseException, path: Sequence[Provider]) -> None:
    """Tell which chain of providers asked for the singleton that failed; many may have waited for the one build."""
    note = f"needed by {' -> '.join(describe_provider(provider) for provider in path)}"
    if path and note not in getattr(error, "__notes__", ()):
        error.add_note(note)
