"""Start and stop: singletons by dependency level, in parallel, each with its limit."""

import asyncio
import logging
from collections.abc import Mapping

from di._graph import levels_of
from di._instances import Closer, close
from di._keys import Key, describe
from di._layers import Layer
from di._providers import Kind, describe_provider
from di.errors import StopTimeoutError

STOP_LIMIT = 10.0  # seconds a teardown may take when its provider states no timeout

_log = logging.getLogger("di")


async def start_singletons(layer: Layer, failures: dict[Key, BaseException]) -> None:
    """Build every eager singleton as seen from a layer, level by level.

    What needs a failed one is not tried, nor what is in `failures` already, because validation knows that it cannot
    be built. A failed optional one goes to `failures`, with the optional ones that need it.

    Raises:
        ExceptionGroup: every failure of a required singleton, and of an optional one that a required one needs.
    """
    known = failures.keys()
    seen = {
        key: layer.node(key).provider
        for key in layer.container.root_layer.providers
        if key not in known and layer.is_singleton(key)
    }
    eager = [key for key, provider in seen.items() if provider.kind is not Kind.VALUE and provider.eager]
    broken: dict[Key, Exception] = {}
    errors: list[Exception] = []
    for level in levels_of(layer, eager):
        outcomes = await asyncio.gather(*(_build(layer, key, broken) for key in level), return_exceptions=True)
        for key, outcome in zip(level, outcomes, strict=True):
            if isinstance(outcome, Exception):
                broken[key] = outcome
                if not seen[key].required:
                    failures[key] = outcome
                    _log.warning("optional singleton %s did not start", describe_provider(seen[key]), exc_info=outcome)
                elif outcome not in errors:
                    errors.append(outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
    if errors:
        raise ExceptionGroup(f"{len(errors)} singleton{'s' if len(errors) > 1 else ''} failed to start", errors)


async def _build(layer: Layer, key: Key, broken: Mapping[Key, Exception]) -> None:
    if broken:
        for needed in layer.closure(key) & broken.keys():
            raise broken[needed]
    await layer.owner(key).obtain(key)


async def stop_singletons(layer: Layer) -> list[BaseException]:
    """Close a layer's singletons in reverse order of their levels; return what went wrong."""
    await layer.cancel_builds()
    closers: dict[Key, list[Closer]] = {}
    for closer in layer.closers:
        closers.setdefault(closer.provider.key, []).append(closer)
    layer.closers.clear()
    errors, layer.late_errors = layer.late_errors, []
    for level in reversed(levels_of(layer, closers)):
        work = [_close_in_time(closer) for key in level for closer in closers[key]]
        errors += [error for error in await asyncio.gather(*work) if error is not None]
    layer.singletons.clear()
    layer.loops.clear()
    return errors


async def end_override(layer: Layer) -> list[BaseException]:
    """Close what an override has made, now that it has ended: first what holds it, in open scopes too.

    What is in use in this moment, by a task that builds or by a further override, waits for who uses it.
    """
    errors: list[BaseException] = []
    for further in layer.further:
        if further.ended:
            errors += await end_override(further)
    if not layer.further:
        for scope in layer.scopes:
            errors += await scope.give_back(layer)
    return errors + await close_override(layer)


async def close_override(layer: Layer) -> list[BaseException]:
    """Close an override that has ended, unless something open may hold what it made; then those that waited for it."""
    errors: list[BaseException] = []
    current: Layer | None = layer
    while current is not None and current.may_close:
        errors += await stop_singletons(current)
        current = current.remove()
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
