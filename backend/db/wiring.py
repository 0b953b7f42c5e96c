"""Register the session of a unit of work."""

from collections.abc import AsyncIterator

from backend.clients.supabase import Supabase
from backend.db.after_commit import AfterCommit
from backend.db.caller import Caller
from backend.db.schema_version import SchemaVersion
from backend.db.session import DatabaseSession
from di import Container, Scope


def register(container: Container) -> None:
    """Know the schema; give each scope one session for its caller, and a place for what follows its commit."""
    container.singleton(SchemaVersion, ping=SchemaVersion.ping)
    container.scoped(DatabaseSession, _open_session)
    container.scoped(AfterCommit, _after_commit)


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


def _after_commit(session: DatabaseSession, scope: Scope) -> AfterCommit:  # noqa: ARG001 - its commit comes first
    """Run after the commit, which is registered earlier because the session is asked for here."""
    after_commit = AfterCommit()
    scope.on_success(after_commit.run)
    return after_commit
