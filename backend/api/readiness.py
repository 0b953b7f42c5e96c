"""Ask the parts this process stands on whether they answer."""

from dataclasses import dataclass
from typing import Final

from backend.clients.redis import Redis
from backend.clients.supabase import Supabase
from backend.db.schema_version import SchemaVersion
from backend.errors import DomainError
from di import Container, Health, HealthStatus, ServiceHealth
from di.errors import PingError

LIMIT_SECONDS: Final = 2.0
PARTS: Final = {"PostgreSQL": (Supabase.__name__, SchemaVersion.__name__), "Redis": (Redis.__name__,)}
"""What operators call the parts, and the pinged types that stand for each."""


@dataclass(frozen=True, slots=True)
class Check:
    """Say whether one part answered, how long it took and what kept it."""

    name: str
    up: bool
    milliseconds: float
    cause: str | None = None


class NotReady(DomainError):
    """Say which part does not answer, why, and which services that takes down."""

    code = "NOT_READY"
    status = 503

    def __init__(self, checks: list[Check], degraded: list[str]) -> None:
        causes = "; ".join(f"{check.name}: {check.cause}" for check in checks if not check.up)
        super().__init__(
            f"Not ready. {causes}",
            details={
                "checks": {
                    check.name: {"up": check.up, "milliseconds": check.milliseconds, "cause": check.cause}
                    for check in checks
                },
                "degraded": degraded,
            },
            headers={"Retry-After": "5"},
        )
        self.cause = causes


class Readiness:
    """Check all parts at once, each within a limit."""

    def __init__(self, container: Container) -> None:
        self._container = container

    async def check(self) -> list[Check]:
        """Return how each part is; raise `NotReady` if one does not answer."""
        health = await self._container.health(limit=LIMIT_SECONDS)
        checks = [_summarise(name, [health.services[kind] for kind in kinds]) for name, kinds in PARTS.items()]
        if not all(check.up for check in checks):
            raise NotReady(checks, _degraded(health))
        return checks


def _summarise(name: str, found: list[ServiceHealth]) -> Check:
    error = next((each.error for each in found if each.error is not None), None)
    return Check(
        name,
        up=error is None,
        milliseconds=round(max(each.seconds or 0.0 for each in found) * 1000, 1),
        cause=None if error is None else _cause(error),
    )


def _cause(error: BaseException) -> str:
    if isinstance(error, PingError):
        return str(error)
    return getattr(error, "cause", None) or f"{type(error).__name__}: {error}"


def _degraded(health: Health) -> list[str]:
    return [str(each) for each in health.services.values() if each.status is HealthStatus.DEGRADED]
