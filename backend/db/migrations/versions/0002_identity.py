"""Identity schema."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the identity objects."""


def downgrade() -> None:
    """Drop the identity objects."""
