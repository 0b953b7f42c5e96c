"""Start and stop: singletons by dependency level, in parallel, each with its limit."""

import asyncio
import logging

from di._graph import levels_of
from di._instances import Closer, close, shielded
from di._keys import Key, describe
from di._layers import Layer
from di._providers import Kind, Lifetime, describe_provider
from di.errors import StopTimeoutError

STOP_LIMIT = 10.0  # seconds a teardown may take when its provider states no timeout

_log = logging.getLogger("di")


async def start_singletons(layer: Layer, failures: dict[Key, BaseException]) -> None:
    """Build every eager singleton, level by level.

    A failed optional one goes to `failures`. Those that need a failed one are not tried, unless they are all that
    fails.

    Raises:
        ExceptionGroup: every failure of a required singleton.
    """
    eager = [
        key
        for key, provider in layer.providers.items()
        if provider.lifetime is Lifetime.SINGLETON and provider.kind is not Kind.VALUE and provider.eager
    ]
    broken: set[Key] = set()
    errors: list[Exception] = []
    for level in levels_of(layer, eager):
        ready = [key for key in level if layer.closure(key).isdisjoint(broken)]
        for skipped in set(level).difference(ready):
            broken.add(skipped)
            if not layer.providers[skipped].required:
                failures[skipped] = RuntimeError(f"{describe(skipped)} needs a singleton that failed to start")
        outcomes = await asyncio.gather(*(layer.obtain(key) for key in ready), return_exceptions=True)
        for key, outcome in zip(ready, outcomes, strict=True):
            if not isinstance(outcome, BaseException):
                continue
            if not isinstance(outcome, Exception):
                raise outcome
            provider = layer.providers[key]
            if provider.required:
                broken.add(key)
                errors.append(outcome)
            else:
                failures[key] = outcome
                _log.warning("optional singleton %s did not start", describe_provider(provider), exc_info=outcome)
    if errors:
        raise ExceptionGroup(f"{len(errors)} singleton{'s' if len(errors) > 1 else ''} failed to start", errors)


async def stop_singletons(layer: Layer) -> list[BaseException]:
    """Close a layer's singletons in reverse order of their levels; return what went wrong."""
    return await shielded(_stop(layer))


async def _stop(layer: Layer) -> list[BaseException]:
    await layer.cancel_builds()
    closers: dict[Key, list[Closer]] = {}
    for closer in layer.closers:
        closers.setdefault(closer.provider.key, []).append(closer)
    layer.closers.clear()
    errors: list[BaseException] = []
    for level in reversed(levels_of(layer, closers)):
        work = [_close_in_time(closer) for key in level for closer in closers[key]]
        errors += [error for error in await asyncio.gather(*work) if error is not None]
    layer.singletons.clear()
    return errors


async def _close_in_time(closer: Closer) -> BaseException | None:
    provider = closer.provider
    limit = provider.timeout or STOP_LIMIT
    deadline = asyncio.timeout(limit)
    try:
        async with deadline:
            await close(closer, None)
    except BaseException as error:
        if isinstance(error, TimeoutError) and deadline.expired():
            return StopTimeoutError(describe(provider.key), limit, provider.location)
        error.add_note(f"while closing {describe_provider(provider)}")
        return error
    return None


async def close_leftovers(layers: list[Layer]) -> list[BaseException]:
    """Close what overrides left behind when they ended synchronously, the last first."""
    errors: list[BaseException] = []
    while layers:
        errors += await shielded(layers.pop().close())
    return errors
