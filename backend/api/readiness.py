"""Ask the parts this process stands on whether they answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from sqlalchemy import text

from backend.clients.redis import Redis
from backend.clients.supabase import Supabase
from backend.db.migrate import newest_revision
from backend.errors import DomainError

LIMIT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """Say whether one part answered, how long it took and what kept it."""

    name: str
    up: bool
    milliseconds: float
    cause: str | None = None


class NotReady(DomainError):
    """Say which part does not answer, and why."""

    code = "NOT_READY"
    status = 503

    def __init__(self, checks: list[Check]) -> None:
        causes = "; ".join(f"{check.name}: {check.cause}" for check in checks if not check.up)
        super().__init__(
            f"Not ready. {causes}",
            details={
                "checks": {
                    check.name: {"up": check.up, "milliseconds": check.milliseconds, "cause": check.cause}
                    for check in checks
                }
            },
            headers={"Retry-After": "5"},
        )
        self.cause = causes


class SchemaOutOfDate(Exception):
    """Say that the database was not migrated to what this version needs."""

    def __init__(self, found: str | None, needed: str) -> None:
        super().__init__(f"the schema is at {found or 'no revision'}, this version needs {needed}: migrate")


class Readiness:
    """Check all parts at once, each within a limit."""

    def __init__(self, supabase: Supabase, redis: Redis) -> None:
        self._supabase = supabase
        self._redis = redis
        self._revision = newest_revision()

    async def check(self) -> list[Check]:
        """Return how each part is; raise `NotReady` if one does not answer."""
        checks = list(
            await asyncio.gather(_measure("PostgreSQL", self._check_database), _measure("Redis", self._check_redis))
        )
        if not all(check.up for check in checks):
            raise NotReady(checks)
        return checks

    async def _check_database(self) -> None:
        async with self._supabase.side_session() as session:
            found = await session.scalar(text("SELECT version_num FROM public.alembic_version"))
        if found != self._revision:
            raise SchemaOutOfDate(found, self._revision)

    async def _check_redis(self) -> None:
        await self._redis.ping()


async def _measure(name: str, check: Callable[[], Awaitable[None]]) -> Check:
    started = perf_counter()
    cause = None
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            await check()
    except TimeoutError:
        cause = f"no answer within {LIMIT_SECONDS:g} seconds"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the cause that is reported
        cause = getattr(error, "cause", None) or f"{type(error).__name__}: {error}"
    return Check(name, cause is None, round((perf_counter() - started) * 1000, 1), cause)
