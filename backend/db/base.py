"""The declarative base of every table, with what all of them share."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import DateTime, FetchedValue, MetaData, Text, Uuid, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Id = Annotated[UUID, mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))]
"""A primary key that the database makes."""


class Base(DeclarativeBase):
    """Map Python types to Postgres types and name constraints alike in models and migrations.

    Server-made values come back with the statement that made them (`RETURNING`), so that no attribute is ever
    loaded behind an `await`-less access.
    """

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "ck": "%(table_name)s_%(constraint_name)s_check",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text(), UUID: Uuid()}  # noqa: RUF012 - read by SQLAlchemy
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012 - read by SQLAlchemy


class Created:
    """Add the moment a row was inserted."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Timestamps(Created):
    """Add the moments a row was inserted and last changed; a trigger keeps the second."""

    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), server_onupdate=FetchedValue())
