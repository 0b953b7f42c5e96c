"""Analytics schema."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the analytics objects."""


def downgrade() -> None:
    """Drop the analytics objects."""
