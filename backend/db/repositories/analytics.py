"""Statements on counted events; all act as the backend itself, because counters belong to no user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    Date,
    DateTime,
    FromClause,
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from backend.db.session import DatabaseSession
from backend.db.tables.analytics import AnalyticsEvents, AnalyticsFlush, AssetPopularity

POPULARITY_EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "generation": ("asset_generated", "generation_completed"),
    "view": ("asset_viewed", "asset_preview", "asset_opened"),
    "share": ("asset_shared", "asset_downloaded", "asset_exported"),
}
"""Which events speak for an asset type. The start of a generation does not: its end already counts."""

ERROR_EVENT: Final = "error_occurred"


@dataclass(frozen=True, slots=True)
class HourCount:
    """Hold what was counted of one kind of event in one hour.

    `events` are new ones, to be added; `sessions` and `users` are how many the hour has seen so far.
    """

    name: str
    category: str
    asset_type: str | None
    events: int
    sessions: int
    users: int
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class CountBatch:
    """Hold counts of one hour that are added together, once; `id` says which."""

    id: UUID
    hour: datetime
    counts: tuple[HourCount, ...]

    @property
    def events(self) -> int:
        """Sum the events."""
        return sum(count.events for count in self.counts)


@dataclass(frozen=True, slots=True)
class Total:
    """Hold the sum for one name or one category."""

    key: str
    events: int
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class EventTotals:
    """Hold the sums of a range; `names` are the most frequent ones only."""

    events: int
    errors: int
    names: tuple[Total, ...]
    categories: tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class Popularity:
    """Hold what people did with one type of asset."""

    asset_type: str
    generations: int
    views: int
    shares: int
    score: int


class AnalyticsRepository:
    """Add batches of counts, and sum what was added together with batches that were not yet."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def add(self, batch: CountBatch) -> set[str] | None:
        """Add a batch and give the asset types whose popularity changed; None if it was added before."""
        async with self._session.as_service():
            flush = insert(AnalyticsFlush).values(id=batch.id, hour_bucket=batch.hour, event_count=batch.events)
            if await self._session.scalar(flush.on_conflict_do_nothing().returning(AnalyticsFlush.id)) is None:
                return None
            await self._add_events(batch)
            return await self._add_popularity(batch)

    async def totals(self, since: datetime, pending: Sequence[CountBatch], *, names: int) -> EventTotals:
        """Sum the hours from `since` on.

        Stored and pending counts are read by one statement, which leaves out pending batches that are stored by
        now, so that no event is missed or counted twice while a flush runs.
        """
        counts = _counts(since, pending)
        by_name = _grouped(counts, "name", counts.c.name).order_by(column("events").desc(), column("key")).limit(names)
        by_category = _grouped(counts, "category", counts.c.category)
        errors = _grouped(counts, "error", counts.c.name).where(counts.c.name == ERROR_EVENT)
        statement = union_all(*(select(part.subquery()) for part in (by_name, by_category, errors)))
        async with self._session.as_service():
            rows = (await self._session.execute(statement)).all()
        totals: dict[str, list[Total]] = {"name": [], "category": [], "error": []}
        for row in sorted(rows, key=lambda row: (-row.events, row.key)):
            totals[row.kind].append(Total(row.key, row.events, row.last_seen_at))
        return EventTotals(
            events=sum(total.events for total in totals["category"]),
            errors=sum(total.events for total in totals["error"]),
            names=tuple(totals["name"]),
            categories=tuple(totals["category"]),
        )

    async def popularity(self, since: date, pending: Sequence[CountBatch], *, limit: int) -> list[Popularity]:
        """Rank asset types by what people did with them from a day on: made 3, shared 2, looked at 1."""
        stored = select(
            AssetPopularity.asset_type,
            AssetPopularity.generation_count.label("generation"),
            AssetPopularity.view_count.label("view"),
            AssetPopularity.share_count.label("share"),
        ).where(AssetPopularity.date_bucket >= since)
        waiting = _waiting(pending)
        live = select(waiting.c.asset_type, *(_events_of(group, waiting) for group in POPULARITY_EVENTS)).where(
            waiting.c.asset_type.is_not(None),
            waiting.c.name.in_([name for group in POPULARITY_EVENTS.values() for name in group]),
            cast(func.timezone("UTC", waiting.c.hour), Date) >= since,
        )
        both = union_all(stored, live).subquery()
        generations, views, shares = (
            cast(func.sum(both.c[group]), BigInteger).label(group) for group in POPULARITY_EVENTS
        )
        score = cast(func.sum(both.c.generation * 3 + both.c.view + both.c.share * 2), BigInteger).label("score")
        statement = (
            select(both.c.asset_type, generations, views, shares, score)
            .group_by(both.c.asset_type)
            .order_by(score.desc(), both.c.asset_type)
            .limit(limit)
        )
        async with self._session.as_service():
            rows = await self._session.execute(statement)
            return [Popularity(*row) for row in rows]

    async def _add_events(self, batch: CountBatch) -> None:
        statement = insert(AnalyticsEvents)
        new = statement.excluded
        adding = statement.on_conflict_do_update(
            constraint="analytics_events_counted_key",
            set_={
                "event_count": AnalyticsEvents.event_count + new.event_count,
                "unique_sessions": func.greatest(AnalyticsEvents.unique_sessions, new.unique_sessions),
                "unique_users": func.greatest(AnalyticsEvents.unique_users, new.unique_users),
                "last_seen_at": func.greatest(AnalyticsEvents.last_seen_at, new.last_seen_at),
            },
        )
        rows = [
            {
                "event_name": count.name,
                "event_category": count.category,
                "asset_type": count.asset_type,
                "event_count": count.events,
                "unique_sessions": count.sessions,
                "unique_users": count.users,
                "hour_bucket": batch.hour,
                "last_seen_at": count.last_seen_at,
            }
            for count in sorted(batch.counts, key=_lock_order)
        ]
        await self._session.execute(adding, rows)

    async def _add_popularity(self, batch: CountBatch) -> set[str]:
        by_type: dict[str, dict[str, int]] = {}
        for count in batch.counts:
            for group, events in POPULARITY_EVENTS.items():
                if count.asset_type is not None and count.name in events:
                    sums = by_type.setdefault(count.asset_type, dict.fromkeys(POPULARITY_EVENTS, 0))
                    sums[group] += count.events
        if not by_type:
            return set()
        statement = insert(AssetPopularity)
        columns = [f"{group}_count" for group in POPULARITY_EVENTS]
        adding = statement.on_conflict_do_update(
            index_elements=["asset_type", "date_bucket"],
            set_={name: AssetPopularity.__table__.c[name] + statement.excluded[name] for name in columns},
        )
        rows = [
            {"asset_type": asset_type, "date_bucket": batch.hour.date()}
            | {f"{group}_count": events for group, events in sums.items()}
            for asset_type, sums in sorted(by_type.items())
        ]
        await self._session.execute(adding, rows)
        return set(by_type)


def _waiting(pending: Sequence[CountBatch]) -> CTE:
    """Turn pending batches into rows, without those that are stored by now."""
    rows: list[dict[str, Any]] = [
        {
            "batch": str(batch.id),
            "hour": batch.hour.isoformat(),
            "name": count.name,
            "category": count.category,
            "asset_type": count.asset_type,
            "events": count.events,
            "last_seen_at": count.last_seen_at.isoformat(),
        }
        for batch in pending
        for count in batch.counts
    ]
    table = (
        func.jsonb_to_recordset(bindparam("pending", rows, type_=JSONB, unique=True))
        .table_valued(
            column("batch", Uuid),
            column("hour", DateTime(timezone=True)),
            column("name", Text),
            column("category", Text),
            column("asset_type", Text),
            column("events", BigInteger),
            column("last_seen_at", DateTime(timezone=True)),
            name="pending",
        )
        .render_derived(with_types=True)
    )
    stored = select(AnalyticsFlush.id).where(AnalyticsFlush.id == table.c.batch).exists()
    return select(table).where(~stored).cte("waiting")


def _counts(since: datetime, pending: Sequence[CountBatch]) -> CTE:
    waiting = _waiting(pending)
    stored = select(
        AnalyticsEvents.event_name.label("name"),
        AnalyticsEvents.event_category.label("category"),
        AnalyticsEvents.event_count.label("events"),
        AnalyticsEvents.last_seen_at,
    ).where(AnalyticsEvents.hour_bucket >= since)
    live = select(waiting.c.name, waiting.c.category, waiting.c.events, waiting.c.last_seen_at).where(
        waiting.c.hour >= since
    )
    return union_all(stored, live).cte("counts")


def _lock_order(count: HourCount) -> tuple[str, str, str]:
    """Order rows, so that two transactions that add to the same ones never wait for each other crosswise."""
    return count.name, count.category, count.asset_type or ""


def _grouped(counts: FromClause, kind: str, key: Any) -> Select[Any]:
    return select(
        literal(kind).label("kind"),
        key.label("key"),
        cast(func.sum(counts.c.events), BigInteger).label("events"),
        func.max(counts.c.last_seen_at).label("last_seen_at"),
    ).group_by(key)


def _events_of(group: str, waiting: FromClause) -> Any:
    return case((waiting.c.name.in_(POPULARITY_EVENTS[group]), waiting.c.events), else_=0).label(group)
