"""The schema of the database, as far as this version of the program needs it."""

from sqlalchemy import text

from backend.clients.supabase import Supabase
from backend.db.migrate import newest_revision


class SchemaOutOfDate(Exception):
    """Say that the database was not migrated to what this version needs."""

    def __init__(self, found: str | None, needed: str) -> None:
        super().__init__(f"the schema is at {found or 'no revision'}, this version needs {needed}: migrate")


class SchemaVersion:
    """Compare the revision of the database with the newest migration of this program."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase
        self._needed = newest_revision()

    async def ping(self) -> None:
        """Raise `SchemaOutOfDate` when a migration has not run."""
        async with self._supabase.side_session() as session:
            found = await session.scalar(text("SELECT version_num FROM public.alembic_version"))
        if found != self._needed:
            raise SchemaOutOfDate(found, self._needed)
