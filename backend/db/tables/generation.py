"""Generation jobs, the assets they make, and the files that are to go."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Created, Id, Timestamps


class JobStatus(StrEnum):
    """Say where a job stands; the last four are final."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def terminal(self) -> bool:
        """Tell whether nothing can follow."""
        return self not in (JobStatus.QUEUED, JobStatus.PROCESSING)


ASSET_TYPES: Final = (
    "thumbnail",
    "youtube_thumbnail",
    "overlay",
    "banner",
    "story_graphic",
    "clip_cover",
    "twitch_offline",
    "twitch_banner",
    "twitch_badge",
    "twitch_panel",
    "twitch_emote",
    "twitch_emote_112",
    "twitch_emote_56",
    "twitch_emote_28",
    "tiktok_emote",
    "tiktok_emote_300",
    "tiktok_emote_200",
    "tiktok_emote_100",
    "tiktok_story",
    "instagram_story",
    "instagram_reel",
    "profile_picture",
    "streamer_logo",
    "logo",
)
"""What the column accepts; a test holds it together with the registry of asset types."""


def one_of(column: str, values: tuple[str, ...]) -> str:
    """Write the condition that a text column holds one of some words."""
    quoted = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({quoted})"


class GenerationJob(Timestamps, Base):
    """Hold what was asked for, where it stands, and who works on it.

    `lease_token` names the one worker that may write; `event_seq` counts every change a viewer can see.
    """

    __tablename__ = "generation_jobs"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    brand_kit_id: Mapped[UUID | None] = mapped_column(ForeignKey("brand_kits.id", ondelete="SET NULL"))
    parent_job_id: Mapped[UUID | None] = mapped_column(ForeignKey("generation_jobs.id", ondelete="SET NULL"))
    asset_type: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'queued'"))
    prompt: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    progress: Mapped[int] = mapped_column(server_default=text("0"))
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    idempotency_key: Mapped[str | None]
    request_hash: Mapped[str | None]
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[UUID | None]
    cancel_requested: Mapped[bool] = mapped_column(server_default=false())
    event_seq: Mapped[int] = mapped_column(server_default=text("1"))
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(one_of("asset_type", ASSET_TYPES), name="asset_type"),
        CheckConstraint(one_of("status", tuple(JobStatus)), name="status"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        CheckConstraint("attempt >= 0", name="attempt"),
        CheckConstraint(
            "(status = 'processing') = (lease_token IS NOT NULL AND lease_until IS NOT NULL)",
            name="lease",
        ),
        CheckConstraint("(status IN ('queued', 'processing')) = (completed_at IS NULL)", name="completed"),
        Index("generation_jobs_user_id_created_at_idx", "user_id", text("created_at DESC"), "id"),
        Index("generation_jobs_brand_kit_id_idx", "brand_kit_id"),
        Index("generation_jobs_parent_job_id_idx", "parent_job_id"),
        Index(
            "generation_jobs_idempotency_key_key",
            "user_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index(
            "generation_jobs_lease_until_idx",
            "lease_until",
            postgresql_where=text("status = 'processing'"),
        ),
        Index(
            "generation_jobs_queued_idx",
            "created_at",
            postgresql_where=text("status = 'queued'"),
        ),
    )


class Asset(Created, Base):
    """Describe one stored picture; its address is signed whenever it is read."""

    __tablename__ = "assets"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    job_id: Mapped[UUID] = mapped_column(ForeignKey("generation_jobs.id", ondelete="CASCADE"))
    asset_type: Mapped[str]
    bucket: Mapped[str] = mapped_column(server_default=text("'assets'"))
    storage_path: Mapped[str]
    content_type: Mapped[str] = mapped_column(server_default=text("'image/png'"))
    width: Mapped[int]
    height: Mapped[int]
    file_size: Mapped[int] = mapped_column(BigInteger)
    is_public: Mapped[bool] = mapped_column(server_default=false())
    viral_score: Mapped[int | None]
    thought_signature: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))

    __table_args__ = (
        CheckConstraint(one_of("asset_type", ASSET_TYPES), name="asset_type"),
        CheckConstraint("width BETWEEN 1 AND 4096 AND height BETWEEN 1 AND 4096", name="size"),
        CheckConstraint("file_size > 0", name="file_size"),
        CheckConstraint("viral_score BETWEEN 0 AND 100", name="viral_score"),
        Index("assets_user_id_created_at_idx", "user_id", text("created_at DESC"), "id"),
        Index("assets_job_id_idx", "job_id"),
        Index("assets_storage_path_key", "bucket", "storage_path", unique=True),
    )


class StorageCleanup(Created, Base):
    """Note a file that shall be gone by `due_at` unless the note is taken back.

    There is no key to users or jobs: the note outlives both.
    """

    __tablename__ = "storage_cleanups"

    id: Mapped[Id]
    bucket: Mapped[str]
    storage_path: Mapped[str]
    lease_token: Mapped[UUID | None]
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("storage_cleanups_due_at_idx", "due_at"),
        Index("storage_cleanups_lease_token_idx", "lease_token"),
        Index("storage_cleanups_storage_path_key", "bucket", "storage_path", unique=True),
    )
