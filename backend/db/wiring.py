"""Register the session of a unit of work."""

from collections.abc import AsyncIterator

from backend.clients.supabase import Supabase
from backend.db.caller import Caller
from backend.db.session import DatabaseSession
from di import Container, Scope


def register(container: Container) -> None:
    """Give each scope one session for its caller."""
    container.scoped(DatabaseSession, _open_session)


async def _open_session(supabase: Supabase, caller: Caller, scope: Scope) -> AsyncIterator[DatabaseSession]:
    """Commit before the success is told, roll back on any failure, give the connection back at the end."""
    session = supabase.session(caller)
    scope.on_success(session.commit)
    try:
        yield session
    except BaseException:
        await session.rollback()
        raise
    finally:
        await session.close()
