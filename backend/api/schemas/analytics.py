"""Bodies of the analytics routes; the names on the wire are those of the web client."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from backend.api.schemas.base import ApiModel, ResponseModel
from backend.services.analytics.analytics_service import AnalyticsSummary
from backend.services.analytics.events import AnalyticsEvent, EventCategory, TimeRange, asset_type_of
from backend.services.analytics.flush_service import FlushSkipped

_MAX_PROPERTIES: Final = 10_000
_LAST_MILLISECOND: Final = 253_402_300_799_999
_SHOWN_OF_SESSION: Final = 12

ClientId = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,64}$", description="At most 64 printable ASCII characters.")]
Milliseconds = Annotated[int, Field(ge=0, le=_LAST_MILLISECOND, description="Unix time in milliseconds.")]
ShortText = Annotated[str, Field(max_length=128)]
LongText = Annotated[str, Field(max_length=2048)]


class _Outgoing(ResponseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class EventBase(ApiModel):
    """Say where an event happened. `userId` is ignored: who somebody is, the request's own token says."""

    timestamp: Milliseconds
    session_id: ClientId = Field(alias="sessionId")
    device_id: ClientId = Field(alias="deviceId")
    url: LongText
    user_agent: str = Field(alias="userAgent", max_length=1024)
    screen_resolution: ShortText = Field(alias="screenResolution")
    viewport: ShortText
    timezone: ShortText
    language: ShortText
    user_id: ShortText | None = Field(None, alias="userId")
    referrer: LongText | None = None


class EventReport(ApiModel):
    """Report one event. The same `id` in the same session is counted once, however often it is sent."""

    id: ClientId
    name: Annotated[str, Field(max_length=128, pattern="^[a-z][a-z0-9_]*$", examples=["asset_viewed"])]
    category: EventCategory
    properties: Annotated[
        dict[str, JsonValue],
        Field(
            default_factory=dict,
            description="Anything, in fewer than 10,000 characters of JSON; `asset_type` counts for popularity.",
            examples=[{"asset_type": "thumbnail"}],
        ),
    ]
    base: EventBase
    created_at: Milliseconds = Field(alias="createdAt")
    sent_at: Milliseconds | None = Field(None, alias="sentAt")
    retry_count: int = Field(0, alias="retryCount", ge=0, le=1000)

    @field_validator("properties")
    @classmethod
    def _check_size(cls, properties: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if len(json.dumps(properties, ensure_ascii=False)) >= _MAX_PROPERTIES:
            raise PropertiesTooLong
        return properties

    def to_event(self, user_id: UUID | None) -> AnalyticsEvent:
        """Keep what is counted; the user is the one who sent it, if he is logged in."""
        return AnalyticsEvent(
            id=self.id,
            name=self.name,
            category=self.category,
            session_id=self.base.session_id,
            asset_type=asset_type_of(dict(self.properties)),
            user_id=user_id,
        )


class PropertiesTooLong(PydanticCustomError):
    """Say how long properties may be."""

    def __new__(cls) -> Self:
        """Make the error; pydantic's own constructor is `__new__`."""
        return super().__new__(cls, "properties_too_long", "Properties must have fewer than 10000 characters of JSON")


class Sdk(ApiModel):
    """Name the client that reports."""

    sdk: ShortText
    version: Annotated[str, Field(max_length=32)]


class EventDelivery(ApiModel):
    """Report up to 100 events at once."""

    events: Annotated[list[EventReport], Field(min_length=1, max_length=100)]
    metadata: Sdk


class DeliveryAccepted(_Outgoing):
    """Say how many events came, and how many of them had not come before."""

    success: Literal[True] = True
    events_received: int
    events_stored: int
    timestamp: datetime


class AnalyticsHealth(_Outgoing):
    """Say whether events can be counted."""

    status: Literal["healthy", "degraded"]
    service: Literal["analytics"] = "analytics"
    redis: Literal["connected", "disconnected"]
    timestamp: datetime


class EventCount(_Outgoing):
    """Count the events of one name."""

    name: str
    count: int
    last_seen: datetime


class CategoryCount(_Outgoing):
    """Count the events of one category; `percentage` is of all events of the range."""

    category: EventCategory
    count: int
    percentage: float


class RecentSession(_Outgoing):
    """Describe a session by the start of its id."""

    session_id: str
    user_id: str | None
    event_count: int
    start_time: datetime
    last_activity: datetime


class SummaryResponse(_Outgoing):
    """Sum up the hours from `since` on; `errorRate` is the share of `error_occurred`, from 0 to 1."""

    total_events: int
    active_sessions: int
    error_rate: float
    event_breakdown: Sequence[EventCount]
    category_distribution: Sequence[CategoryCount]
    recent_sessions: Sequence[RecentSession]
    time_range: TimeRange
    since: datetime
    generated_at: datetime

    @classmethod
    def of(cls, summary: AnalyticsSummary) -> Self:
        """Write a summary down."""
        total = summary.total_events
        return cls(
            total_events=total,
            active_sessions=summary.active_sessions,
            error_rate=round(summary.error_rate, 4),
            event_breakdown=[
                EventCount(name=each.key, count=each.events, last_seen=each.last_seen_at) for each in summary.events
            ],
            category_distribution=[
                CategoryCount(
                    category=EventCategory(each.key), count=each.events, percentage=round(100 * each.events / total, 2)
                )
                for each in summary.categories
            ],
            recent_sessions=[
                RecentSession(
                    session_id=each.session_id[:_SHOWN_OF_SESSION],
                    user_id=each.user_id,
                    event_count=each.events,
                    start_time=each.started_at,
                    last_activity=each.last_activity_at,
                )
                for each in summary.recent_sessions
            ],
            time_range=summary.time_range,
            since=summary.since,
            generated_at=summary.generated_at,
        )


class AssetTypePopularity(_Outgoing):
    """Rank one asset type; the score is 3 for each made, 2 for each shared, 1 for each looked at."""

    asset_type: str
    generation_count: int
    view_count: int
    share_count: int
    score: int


class PopularAssetsResponse(_Outgoing):
    """List the most popular asset types, the first one first."""

    asset_types: Sequence[AssetTypePopularity]
    days: int
    limit: int
    timestamp: datetime


class FlushReport(ResponseModel):
    """Say what a flush stored, or why it did nothing."""

    events_flushed: int
    asset_types_updated: int
    hour_bucket: datetime
    flushed_at: datetime
    skipped: FlushSkipped | None


class FlushResponse(_Outgoing):
    """Report a flush; `success` is false where it was skipped."""

    success: bool
    result: FlushReport
    timestamp: datetime


class FlushStatus(_Outgoing):
    """Say when counters were last stored."""

    last_flush: datetime | None
    timestamp: datetime


class Cleared(_Outgoing):
    """Confirm that counters were dropped."""

    success: Literal[True] = True
    message: str
    timestamp: datetime
