"""Brand kits, and the logo files that belong to them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from backend.db.base import Base, Id, Timestamps


class KitTone(StrEnum):
    """Name the tone a whole kit speaks in."""

    COMPETITIVE = "competitive"
    CASUAL = "casual"
    EDUCATIONAL = "educational"
    COMEDIC = "comedic"
    PROFESSIONAL = "professional"


class LogoType(StrEnum):
    """Name the variants of a logo, in the order in which one stands in for another."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    ICON = "icon"
    MONOCHROME = "monochrome"
    WATERMARK = "watermark"


LOGO_CONTENT_TYPES = ("image/png", "image/jpeg", "image/webp")
"""What a logo file may be; SVG is refused, since nothing here draws it safely."""


def _one_of(column: str, words: Iterable[str]) -> str:
    quoted = ", ".join(f"'{word}'" for word in words)
    return f"{column} IN ({quoted})"


class BrandKit(Timestamps, Base):
    """Hold one brand of one user; of each user's kits at most one is active.

    The JSON columns from `colors_extended` on are the sections; `{}` stands for a section's defaults.
    """

    __tablename__ = "brand_kits"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=false())
    primary_colors: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    accent_colors: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'::text[]"))
    fonts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    logo_url: Mapped[str | None]
    tone: Mapped[str] = mapped_column(server_default=text("'professional'"))
    style_reference: Mapped[str] = mapped_column(server_default=text("''"))
    extracted_from: Mapped[str | None]
    source_image_hash: Mapped[str | None]
    colors_extended: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    typography: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    voice: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    guidelines: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    streamer_assets: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    social_profiles: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    logos: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    default_logo_type: Mapped[str] = mapped_column(server_default=text("'primary'"))

    __table_args__ = (
        CheckConstraint("char_length(name) BETWEEN 1 AND 100", name="name"),
        CheckConstraint("cardinality(primary_colors) BETWEEN 1 AND 5", name="primary_colors"),
        CheckConstraint("cardinality(accent_colors) <= 3", name="accent_colors"),
        CheckConstraint("fonts ?& ARRAY['headline', 'body']", name="fonts"),
        CheckConstraint(_one_of("tone", KitTone), name="tone"),
        CheckConstraint("char_length(style_reference) <= 500", name="style_reference"),
        CheckConstraint("extracted_from = 'vibe_branding'", name="extracted_from"),
        CheckConstraint(_one_of("default_logo_type", LogoType), name="default_logo_type"),
        UniqueConstraint("id", "user_id"),  # what a logo's foreign key points to
        Index("brand_kits_user_id_created_at_idx", "user_id", text("created_at DESC"), text("id DESC")),
        Index("brand_kits_one_active_idx", "user_id", unique=True, postgresql_where=text("is_active")),
    )


class BrandKitLogo(Timestamps, Base):
    """Point to the file of one logo variant.

    The key to the kit includes the owner, so a logo can never hang on another user's kit, and the path starts with
    both and stays below them, so a row can never point to another user's file.
    """

    __tablename__ = "brand_kit_logos"

    brand_kit_id: Mapped[UUID] = mapped_column(primary_key=True)
    logo_type: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    storage_path: Mapped[str]
    content_type: Mapped[str]
    file_size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    filename: Mapped[str]

    __table_args__ = (
        ForeignKeyConstraint(["brand_kit_id", "user_id"], ["brand_kits.id", "brand_kits.user_id"], ondelete="CASCADE"),
        CheckConstraint(_one_of("logo_type", LogoType), name="logo_type"),
        CheckConstraint(_one_of("content_type", LOGO_CONTENT_TYPES), name="content_type"),
        CheckConstraint(
            "storage_path ~ ('^' || user_id || '/' || brand_kit_id || '/[A-Za-z0-9][A-Za-z0-9_-]*[.][a-z0-9]{2,5}$')",
            name="storage_path",
        ),
        CheckConstraint("file_size BETWEEN 1 AND 10485760", name="file_size"),
        CheckConstraint("width > 0 AND height > 0", name="size"),
        UniqueConstraint("storage_path"),
        Index("brand_kit_logos_user_id_idx", "user_id"),
    )
