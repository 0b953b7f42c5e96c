"""Register usage limits."""

from backend.db.repositories.usage import UsageRepository
from backend.services.usage.usage_limit_service import UsageLimitService
from di import Container


def register(container: Container) -> None:
    """Count in the unit of work's own transaction."""
    container.scoped(UsageRepository)
    container.scoped(UsageLimitService)
