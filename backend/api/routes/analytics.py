"""Counting what people do, and reporting it to administrators."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query

from backend.api.authentication import AdminDep, OptionalUserDep
from backend.api.errors import responses
from backend.api.rate_limits import By, limit
from backend.api.schemas.analytics import (
    AnalyticsHealth,
    AssetTypePopularity,
    Cleared,
    DeliveryAccepted,
    EventDelivery,
    FlushReport,
    FlushResponse,
    FlushStatus,
    PopularAssetsResponse,
    SummaryResponse,
)
from backend.api.service_dependencies import AnalyticsServiceDep
from backend.errors import RateLimited
from backend.services.analytics.events import TimeRange
from backend.services.identity.errors import AdminRequired
from backend.services.identity.rate_limits import ANALYTICS_DELIVERIES

router = APIRouter(prefix="/analytics", tags=["analytics"])

_MAX_BODY: Final = 512 * 1024
_ADMIN: Final = responses(401, AdminRequired)


@router.post(
    "",
    status_code=202,
    summary="Report events",
    max_body_size=_MAX_BODY,
    dependencies=[limit(ANALYTICS_DELIVERIES, By.USER)],
    responses=responses(RateLimited),
)
async def report_events(
    delivery: EventDelivery, user: OptionalUserDep, analytics: AnalyticsServiceDep
) -> DeliveryAccepted:
    """Count up to 100 events, at most 512 KiB in all. Sending them again after a lost answer counts nothing twice."""
    user_id = user.id if user else None
    stored = await analytics.store_events([report.to_event(user_id) for report in delivery.events])
    return DeliveryAccepted(events_received=len(delivery.events), events_stored=stored, timestamp=_now())


@router.get("/health", summary="Tell whether events can be counted")
async def check_health(analytics: AnalyticsServiceDep) -> AnalyticsHealth:
    """Ask Redis for a sign of life."""
    if await analytics.is_healthy():
        return AnalyticsHealth(status="healthy", redis="connected", timestamp=_now())
    return AnalyticsHealth(status="degraded", redis="disconnected", timestamp=_now())


@router.get("/summary", summary="Sum up a range", responses=_ADMIN)
async def get_summary(
    _admin: AdminDep, analytics: AnalyticsServiceDep, time_range: Annotated[TimeRange, Query()] = TimeRange.DAY
) -> SummaryResponse:
    """Count the events of whole hours from `since` on and of the current one, stored or not."""
    return SummaryResponse.of(await analytics.get_summary(time_range))


@router.get("/popular-assets", summary="Rank asset types", responses=_ADMIN)
async def get_popular_assets(
    _admin: AdminDep,
    analytics: AnalyticsServiceDep,
    days: Annotated[int, Query(ge=1, le=365)] = 30,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> PopularAssetsResponse:
    """Rank asset types by what people did with them in the last days (UTC), today included."""
    found = await analytics.get_popular_asset_types(days, limit)
    ranked = [
        AssetTypePopularity(
            asset_type=each.asset_type,
            generation_count=each.generations,
            view_count=each.views,
            share_count=each.shares,
            score=each.score,
        )
        for each in found
    ]
    return PopularAssetsResponse(asset_types=ranked, days=days, limit=limit, timestamp=_now())


@router.post("/flush", summary="Store counters now", responses=_ADMIN)
async def flush(
    admin: AdminDep, analytics: AnalyticsServiceDep, force: Annotated[bool, Query()] = False
) -> FlushResponse:
    """Store what was counted, unless that happened in this hour already; `force` does it anyway."""
    result = await analytics.flush(admin.id, force=force)
    return FlushResponse(success=result.skipped is None, result=FlushReport.model_validate(result), timestamp=_now())


@router.get("/flush-status", summary="Tell when counters were last stored", responses=_ADMIN)
async def get_flush_status(_admin: AdminDep, analytics: AnalyticsServiceDep) -> FlushStatus:
    """Give the time of the last flush, or null where there was none."""
    return FlushStatus(last_flush=await analytics.get_last_flush_time(), timestamp=_now())


@router.delete("/clear", summary="Drop counters that are not stored", responses=_ADMIN)
async def clear(admin: AdminDep, analytics: AnalyticsServiceDep) -> Cleared:
    """Drop all sessions and every count that no flush has stored; stored counts stay."""
    await analytics.clear_all(admin.id)
    return Cleared(message="Counters that were not stored are gone.", timestamp=_now())


def _now() -> datetime:
    return datetime.now(UTC)
