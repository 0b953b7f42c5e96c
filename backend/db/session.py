"""A session that enters its caller's row-level security before anything else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from backend.db.caller import Caller

_ENTER: Final = text("SELECT set_config('role', :role, true), set_config('request.jwt.claims', :claims, true)")
_IN_FAILED_TRANSACTION: Final = "25P02"
_ACTING: Final = "acting"  # in a session's `info`: whose role its transactions enter


class _CallersSession(Session):
    """The session below; one listener of the class instead of one for each, which would refer back to its session."""


@event.listens_for(_CallersSession, "after_begin")
def _enter(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    acting: Caller = session.info[_ACTING]
    connection.execute(_ENTER, {"role": acting.role.value, "claims": acting.claims})


class DatabaseSession(AsyncSession):
    """Run every transaction as one caller.

    The first statement of a transaction switches to the caller's role and claims; both end with the transaction,
    so a connection goes back to its pool as it came. Nothing is sent before the first query.
    """

    def __init__(self, engine: AsyncEngine, caller: Caller) -> None:
        super().__init__(engine, expire_on_commit=False, sync_session_class=_CallersSession, info={_ACTING: caller})
        self._caller = caller

    @property
    def caller(self) -> Caller:
        """Tell for whom this session was opened."""
        return self._caller

    @asynccontextmanager
    async def as_service(self) -> AsyncIterator[None]:
        """Act as the backend itself inside the same transaction.

        Pending changes are flushed at both ends, each under the role it was made in. May be nested. Tasks must
        not share a session, hence not this either.
        """
        await self.flush()
        outer = self.info[_ACTING]
        await self._act_as(Caller.service())
        try:
            yield
            await self.flush()
        except BaseException:
            await self._return_to(outer)
            raise
        await self._act_as(outer)

    async def _act_as(self, caller: Caller) -> None:
        self.info[_ACTING] = caller
        if self.in_transaction():
            await self.execute(_ENTER, {"role": caller.role.value, "claims": caller.claims})

    async def _return_to(self, caller: Caller) -> None:
        """Restore the role after a failure; a transaction that Postgres gave up restores it by its rollback."""
        try:
            await self._act_as(caller)
        except PendingRollbackError:
            return
        except DBAPIError as error:
            if not error.connection_invalidated and getattr(error.orig, "sqlstate", None) != _IN_FAILED_TRANSACTION:
                raise
