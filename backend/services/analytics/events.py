"""What clients report, as the counters need it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from backend.db.tables.analytics import EventCategory

__all__ = ["AnalyticsEvent", "EventCategory", "TimeRange", "asset_type_of"]

_ASSET_TYPE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


class TimeRange(StrEnum):
    """Name the ranges a summary can be asked for."""

    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"

    @property
    def hours(self) -> int:
        """Give the length of the range."""
        return {"1h": 1, "24h": 24, "7d": 7 * 24, "30d": 30 * 24}[self.value]


@dataclass(frozen=True, slots=True)
class AnalyticsEvent:
    """Hold one event; `id` is the client's own and tells a repeated delivery, `user_id` comes from our token only."""

    id: str
    name: str
    category: EventCategory
    session_id: str
    asset_type: str | None = None
    user_id: UUID | None = None


def asset_type_of(properties: dict[str, object]) -> str | None:
    """Find the type of asset an event speaks of; anything that is not a plain name is none."""
    for key in ("asset_type", "assetType"):
        value = properties.get(key)
        if isinstance(value, str) and _ASSET_TYPE.fullmatch(value):
            return value
    return None
