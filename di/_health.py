"""Health: what can be reached, and what is degraded because something it needs cannot."""

import asyncio
import enum
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from di._keys import Key, describe
from di._marks import MISSING
from di._providers import Kind, Lifetime, Provider
from di.errors import PingError

if TYPE_CHECKING:
    from di._layers import Layer


class HealthStatus(enum.StrEnum):
    """How a service, or the whole container, is."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """How one service is: `down` with its error, or `degraded` by the services in `causes`, which are down.

    `seconds` is how long the ping took, if there was one.
    """

    name: str
    status: HealthStatus
    causes: tuple[str, ...] = ()
    error: BaseException | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        reason = ", ".join(self.causes) or (str(self.error) or type(self.error).__name__ if self.error else "")
        return f"{self.name} {self.status.value}" + (f": {reason}" if reason else "")


@dataclass(frozen=True, slots=True)
class Health:
    """How everything is: `down` when something required is, `degraded` when only what may be missing is.

    `services` has every pinged service, every one that failed to start, and every one that needs one that is down, by
    name.
    """

    status: HealthStatus
    services: Mapping[str, ServiceHealth]

    def __str__(self) -> str:
        bad = [str(each) for each in self.services.values() if each.status is not HealthStatus.OK]
        return "; ".join([self.status.value, *bad])


async def look_after(layer: "Layer", failures: Mapping[Key, BaseException], limit: float) -> Health:
    """Ping in parallel, as seen from a layer, and find who is degraded by what is down."""
    every = [provider for key in layer.container.root_layer.providers if (provider := layer.provider(key)) is not None]
    pinged = [(provider, instance) for provider in every if (instance := _built(layer, provider)) is not MISSING]
    found = await asyncio.gather(*(_ping(provider, instance, limit) for provider, instance in pinged))
    states = {provider.key: state for (provider, _), state in zip(pinged, found, strict=True)}
    for key, error in failures.items():
        if layer.owner(key).singletons.get(key, MISSING) is MISSING:
            states[key] = ServiceHealth(describe(key), HealthStatus.DOWN, error=error)
    down = {key for key, state in states.items() if state.status is HealthStatus.DOWN}
    if down:
        for provider in every:
            causes = (layer.closure(provider.key) & down) - {provider.key}
            if causes and provider.key not in down:
                names = tuple(sorted(describe(cause) for cause in causes))
                states[provider.key] = ServiceHealth(describe(provider.key), HealthStatus.DEGRADED, names)
    required = any(provider.required for provider in every if provider.key in down)
    status = HealthStatus.DOWN if required else HealthStatus.DEGRADED if down else HealthStatus.OK
    return Health(status, {state.name: state for state in states.values()})


def _built(layer: "Layer", provider: Provider) -> Any:
    """Return the instance to ping; pinging builds nothing."""
    if provider.ping is None or provider.lifetime is not Lifetime.SINGLETON:
        return MISSING
    if provider.kind is Kind.VALUE:
        return provider.make
    return layer.owner(provider.key).singletons.get(provider.key, MISSING)


async def _ping(provider: Provider, instance: Any, limit: float) -> ServiceHealth:
    name = describe(provider.key)
    begun = time.perf_counter()
    try:
        async with asyncio.timeout(limit):
            answer: Any = provider.ping(instance) if provider.ping is not None else True
            is_awaited = asyncio.iscoroutine(answer) or isinstance(answer, asyncio.Future)
            answer = await answer if is_awaited else answer
        if answer is False:
            raise PingError("answered that it is down")
    except TimeoutError:
        error: BaseException = PingError(f"no answer within {limit:g} seconds")
    except Exception as failure:
        error = failure
    else:
        return ServiceHealth(name, HealthStatus.OK, seconds=time.perf_counter() - begun)
    return ServiceHealth(name, HealthStatus.DOWN, error=error, seconds=time.perf_counter() - begun)
