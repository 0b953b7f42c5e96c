"""The hourly flush of a worker process."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from backend.services.analytics.counters import hour_of
from backend.services.analytics.flush_service import AnalyticsFlushService, FlushResult, utc_now

_LOG: Final = logging.getLogger(__name__)
_RETRY_DELAYS: Final = (5.0, 10.0, 20.0)


class AnalyticsFlushSchedule:
    """Flush shortly after every full hour; many workers may do so at once, and one of them gets the lock."""

    def __init__(
        self,
        flushes: AnalyticsFlushService,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._flushes = flushes
        self._sleep = sleep
        self._now = now

    async def run(self) -> None:
        """Flush now and then every hour, until cancelled; a failed hour is made up for by the next."""
        while True:
            await self.flush_once()
            await self._sleep(self._until_next_hour())

    async def flush_once(self) -> FlushResult | None:
        """Flush, trying again up to three times; give None if every try failed, which loses nothing."""
        for delay in (*_RETRY_DELAYS, None):
            try:
                return await self._flushes.flush()
            except Exception:  # noqa: BLE001 - whatever is wrong with counters, the process has other work
                _LOG.warning("Analytics could not be flushed", exc_info=True, extra={"next_try_in": delay})
            if delay is not None:
                await self._sleep(delay)
        return None

    def _until_next_hour(self) -> float:
        now = self._now()
        wait = hour_of(now) + timedelta(hours=1) - now
        return wait.total_seconds() + random.uniform(1, 30)  # noqa: S311 - only spreads the workers
