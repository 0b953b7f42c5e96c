"""Statements on monthly use. All run as the backend itself: nobody counts for himself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute

from backend.db.session import DatabaseSession
from backend.db.tables.identity import Feature, ReservationState, Tier, UsageReservation, User, UserUsage

UNLIMITED: Final = -1

_COLUMNS: Final[dict[Feature, InstrumentedAttribute[int]]] = {
    Feature.CREATIONS: UserUsage.creations_used,
    Feature.REFINEMENTS: UserUsage.refinements_used,
    Feature.COACH: UserUsage.coach_used,
    Feature.VIBE_BRANDING: UserUsage.vibe_branding_used,
    Feature.AURA_LAB: UserUsage.aura_lab_used,
    Feature.PROFILE_CREATOR: UserUsage.profile_creator_used,
}


@dataclass(frozen=True, slots=True)
class ReservationRow:
    """Tell what one key holds."""

    id: UUID
    user_id: UUID
    feature: Feature
    amount: int
    period_start: datetime
    state: ReservationState


class UsageRepository:
    """Count what users used."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def tier(self, user_id: UUID) -> Tier | None:
        """Read the tier of a user as it is now, or None if there is no such user."""
        async with self._session.as_service():
            tier = await self._session.scalar(select(User.subscription_tier).where(User.id == user_id))
        return None if tier is None else Tier(tier)

    async def used(self, user_id: UUID, period_start: datetime) -> dict[Feature, int]:
        """Read all counters of a month; a month without a row counts zero."""
        statement = select(*_COLUMNS.values()).where(
            UserUsage.user_id == user_id, UserUsage.period_start == period_start
        )
        async with self._session.as_service():
            row = (await self._session.execute(statement)).one_or_none()
        return dict(zip(_COLUMNS, row or (0,) * len(_COLUMNS), strict=True))

    async def take(
        self, user_id: UUID, feature: Feature, amount: int, limit: int, period_start: datetime
    ) -> int | None:
        """Add to a counter if that stays within the limit, and give the new count, else None.

        One statement both decides and counts, so that of any number at once exactly as many pass as fit.
        """
        if UNLIMITED != limit < amount:
            return None
        column = _COLUMNS[feature]
        within = None if limit == UNLIMITED else column + amount <= limit
        statement = (
            insert(UserUsage)
            .values({"user_id": user_id, "period_start": period_start, column.key: amount})
            .on_conflict_do_update(
                index_elements=[UserUsage.user_id, UserUsage.period_start],
                set_={column.key: column + amount},
                where=within,
            )
            .returning(column)
        )
        async with self._session.as_service():
            return await self._session.scalar(statement)

    async def claim(self, reservation: ReservationRow) -> ReservationRow | None:
        """Write a reservation under its key, or give the one that is there already.

        None means the key is now this reservation's: it is new, or what it held had been given back. Somebody
        who claims the same key at the same moment waits for the outcome here.
        """
        insertion = insert(UsageReservation).values(
            id=reservation.id,
            user_id=reservation.user_id,
            feature=reservation.feature,
            amount=reservation.amount,
            period_start=reservation.period_start,
        )
        statement = insertion.on_conflict_do_update(
            index_elements=[UsageReservation.id],
            set_={
                "state": ReservationState.RESERVED,
                "feature": insertion.excluded.feature,
                "amount": insertion.excluded.amount,
                "period_start": insertion.excluded.period_start,
            },
            where=(UsageReservation.state == ReservationState.RELEASED)
            & (UsageReservation.user_id == reservation.user_id),
        ).returning(UsageReservation.id)
        async with self._session.as_service():
            if await self._session.scalar(statement) is not None:
                return None
            return await self._find(reservation.id)

    async def settle(self, key: UUID) -> bool:
        """Mark a reservation as spent; False if it was not open."""
        return await self._leave_reserved(key, ReservationState.COMMITTED) is not None

    async def give_back(self, key: UUID) -> bool:
        """Mark a reservation as given back and take it off its month; False if it was not open."""
        async with self._session.as_service():
            row = await self._leave_reserved(key, ReservationState.RELEASED)
            if row is None:
                return False
            column = _COLUMNS[row.feature]
            await self._session.execute(
                update(UserUsage)
                .where(UserUsage.user_id == row.user_id, UserUsage.period_start == row.period_start)
                .values({column.key: column - row.amount})
            )
            return True

    async def abandon(self, key: UUID) -> None:
        """Free a key that was claimed and for which nothing could be taken."""
        await self._leave_reserved(key, ReservationState.RELEASED)

    async def _leave_reserved(self, key: UUID, state: ReservationState) -> ReservationRow | None:
        statement = (
            update(UsageReservation)
            .where(UsageReservation.id == key, UsageReservation.state == ReservationState.RESERVED)
            .values(state=state)
            .returning(*_RESERVATION)
        )
        async with self._session.as_service():
            row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else _reservation(*row)

    async def _find(self, key: UUID) -> ReservationRow | None:
        row = (await self._session.execute(select(*_RESERVATION).where(UsageReservation.id == key))).one_or_none()
        return None if row is None else _reservation(*row)


_RESERVATION: Final = (
    UsageReservation.id,
    UsageReservation.user_id,
    UsageReservation.feature,
    UsageReservation.amount,
    UsageReservation.period_start,
    UsageReservation.state,
)


def _reservation(
    key: UUID, user_id: UUID, feature: str, amount: int, period_start: datetime, state: str
) -> ReservationRow:
    return ReservationRow(key, user_id, Feature(feature), amount, period_start, ReservationState(state))
