"""What a statement raises when the database, not the statement's author, is at fault."""

from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from backend.db.engine import DatabaseUnavailable

DATABASE_FAILURES: Final = (SQLAlchemyError, DatabaseUnavailable)
"""For `except DATABASE_FAILURES` where a failed statement has a meaning of its own."""
