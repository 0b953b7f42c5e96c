"""Branding schema."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the branding objects."""


def downgrade() -> None:
    """Drop the branding objects."""
