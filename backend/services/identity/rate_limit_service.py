"""Sliding windows that count how often something was done."""

import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from backend.clients.redis import Redis, RedisError
from backend.db.tables.identity import Tier
from backend.errors import RateLimited, Unavailable
from backend.services.identity.rate_limits import BY_USER, UNLIMITED, Limit
from backend.settings import Settings

_LOG: Final = logging.getLogger(__name__)

# One member per event, scored by the server's clock in microseconds. Counting and adding are one step, so that
# parallel callers cannot pass together; a refused event is not counted, so that waiting always helps. An event that is
# sent again, because the answer to it was lost, is known by its name.
_HIT: Final = """
local window, allowed, cost, name = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
local used = redis.call('ZCARD', KEYS[1])
local known = redis.call('ZSCORE', KEYS[1], name .. ':1')
local accepted = known or used + cost <= allowed
if accepted and not known then
    for index = 1, cost do
        redis.call('ZADD', KEYS[1], string.format('%.0f', now), name .. ':' .. index)
    end
    used = used + cost
    if cost > 0 then redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000) + 60000) end
end
local freeing = accepted and 0 or math.min(used, used + cost - allowed) - 1
local first = used > 0 and redis.call('ZRANGE', KEYS[1], freeing, freeing, 'WITHSCORES') or {}
local wait = first[2] and math.max(0, tonumber(first[2]) + window - now) or (accepted and 0 or window)
return {accepted and 1 or 0, used, string.format('%.0f', wait)}
"""


class RateLimitsUnavailable(Unavailable):
    """Say that events cannot be counted, so that a limited one is refused."""

    def __init__(self) -> None:
        super().__init__("rate limits", message="This is not available right now. Try again in a moment.")


@dataclass(frozen=True, slots=True)
class Hit:
    """Tell how a limit stands after an event; -1 means unlimited. `wait` is seconds until one more is free."""

    limit: Limit
    identifier: str
    allowed: int
    used: int
    wait: int
    accepted: bool = True
    members: tuple[str, ...] = ()

    @property
    def remaining(self) -> int:
        """Tell how many events are left."""
        return UNLIMITED if self.allowed == UNLIMITED else max(0, self.allowed - self.used)


class RateLimitService:
    """Count events per limit and identifier in Redis, exactly, also under concurrency."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._redis = redis
        self._script = redis.register_script(_HIT)
        self._enabled = settings.rate_limiting_enabled

    async def hit(self, limit: Limit, identifier: str, *, tier: Tier = Tier.FREE, cost: int = 1) -> Hit:
        """Count an event, or raise `RateLimited` with the seconds to wait."""
        hit = await self.attempt(limit, identifier, tier=tier, cost=cost)
        if not hit.accepted:
            raise RateLimited(max(1, hit.wait), limit=hit.allowed)
        return hit

    async def attempt(self, limit: Limit, identifier: str, *, tier: Tier = Tier.FREE, cost: int = 1) -> Hit:
        """Count an event if it is within the limit, and tell whether it was."""
        allowed = limit.allowed_for(tier) if self._enabled else UNLIMITED
        if allowed == UNLIMITED:
            return Hit(limit, identifier, UNLIMITED, 0, 0)
        name = uuid4().hex
        try:
            async with _required():
                accepted, used, wait = await self._script(
                    keys=[_key(limit, identifier)], args=[limit.window * 1_000_000, allowed, cost, name]
                )
        except RateLimitsUnavailable:
            if not limit.fail_open:
                raise
            _LOG.warning("rate_limit_not_counted", extra={"limit": limit.key})
            return Hit(limit, identifier, UNLIMITED, 0, 0)
        seconds = math.ceil(int(wait) / 1_000_000)
        members = tuple(f"{name}:{index}" for index in range(1, cost + 1)) if accepted else ()
        return Hit(limit, identifier, allowed, int(used), seconds, bool(accepted), members)

    async def forget(self, hit: Hit) -> None:
        """Take an event back, as if it had not happened."""
        if hit.members:
            async with _required():
                await self._redis.zrem(_key(hit.limit, hit.identifier), *hit.members)

    async def peek(self, limit: Limit, identifier: str, *, tier: Tier = Tier.FREE) -> Hit:
        """Tell how a limit stands, without counting."""
        return await self.attempt(limit, identifier, tier=tier, cost=0)

    async def reset(self, limit: Limit, identifier: str) -> None:
        """Forget every event of an identifier."""
        async with _required():
            await self._redis.delete(_key(limit, identifier))

    async def usage(self, user_id: str, tier: Tier) -> dict[str, Hit]:
        """Tell how every limit on a user stands, without counting."""
        return {limit.key: await self.peek(limit, user_id, tier=tier) for limit in BY_USER}


def _key(limit: Limit, identifier: str) -> str:
    return f"ratelimit:{limit.key}:{identifier}"


@asynccontextmanager
async def _required() -> AsyncIterator[None]:
    try:
        yield
    except RedisError as error:
        raise RateLimitsUnavailable from error
