"""What people do with the product, counted by the hour."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, FetchedValue, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Created, Id


class EventCategory(StrEnum):
    """Name the kinds of events a client reports."""

    PAGE = "page"
    MODAL = "modal"
    WIZARD = "wizard"
    USER_ACTION = "user_action"
    FEATURE = "feature"
    PERFORMANCE = "performance"
    ERROR = "error"


_CATEGORIES = ", ".join(f"'{category}'" for category in EventCategory)


class AnalyticsFlush(Base):
    """Remember a batch of counters that was added, so that it is never added twice."""

    __tablename__ = "analytics_flushes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    hour_bucket: Mapped[datetime]
    event_count: Mapped[int] = mapped_column(BigInteger)
    flushed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AnalyticsEvents(Created, Base):
    """Count the events of one name, category and asset type in one hour (UTC)."""

    __tablename__ = "analytics_events"

    id: Mapped[Id]
    event_name: Mapped[str]
    event_category: Mapped[str]
    asset_type: Mapped[str | None]
    event_count: Mapped[int] = mapped_column(BigInteger)
    unique_sessions: Mapped[int] = mapped_column(BigInteger)
    unique_users: Mapped[int] = mapped_column(BigInteger)
    hour_bucket: Mapped[datetime]
    last_seen_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(f"event_category IN ({_CATEGORIES})", name="event_category"),
        CheckConstraint("event_count > 0", name="event_count"),
        CheckConstraint("hour_bucket = date_trunc('hour', hour_bucket, 'UTC')", name="hour_bucket"),
        UniqueConstraint(
            "hour_bucket",
            "event_name",
            "event_category",
            "asset_type",
            name="analytics_events_counted_key",
            postgresql_nulls_not_distinct=True,
        ),
        Index("analytics_events_event_name_hour_bucket_idx", "event_name", "hour_bucket"),
        Index(
            "analytics_events_asset_type_hour_bucket_idx",
            "asset_type",
            "hour_bucket",
            postgresql_where=text("asset_type IS NOT NULL"),
        ),
    )


class AssetPopularity(Base):
    """Count what people did with one type of asset on one day (UTC)."""

    __tablename__ = "analytics_asset_popularity"

    asset_type: Mapped[str] = mapped_column(primary_key=True)
    date_bucket: Mapped[date] = mapped_column(primary_key=True)
    generation_count: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    view_count: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    share_count: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), server_onupdate=FetchedValue())

    __table_args__ = (Index("analytics_asset_popularity_date_bucket_idx", "date_bucket"),)
