"""Run migrations on the connection that `backend.db.migrate` hands over."""

from alembic import context
from sqlalchemy import Connection, text

from backend.db.migrate import MIGRATION_LOCK, comparison_options


def run(connection: Connection) -> None:
    """Apply the scripts in one transaction; a second process that migrates waits for the first."""
    context.configure(connection=connection, **comparison_options())
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        context.run_migrations()


run(context.config.attributes["connection"])
