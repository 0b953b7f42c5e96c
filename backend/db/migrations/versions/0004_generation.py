"""Generation schema."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the generation objects."""


def downgrade() -> None:
    """Drop the generation objects."""
