"""Register analytics."""

from backend.db.repositories.analytics import AnalyticsRepository
from backend.services.analytics.analytics_service import AnalyticsService
from backend.services.analytics.counters import AnalyticsCounters
from backend.services.analytics.flush_schedule import AnalyticsFlushSchedule
from backend.services.analytics.flush_service import AnalyticsFlushService
from di import Container


def register(container: Container) -> None:
    """Count and flush for the whole process; report in the request's transaction."""
    container.singleton(AnalyticsCounters)
    container.singleton(AnalyticsFlushService)
    container.singleton(AnalyticsFlushSchedule)
    container.scoped(AnalyticsRepository)
    container.scoped(AnalyticsService)
