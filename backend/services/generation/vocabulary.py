"""The words of generation that the database, the services and the API share."""

from backend.db.tables.generation import JobStatus

__all__ = ["JobStatus"]
