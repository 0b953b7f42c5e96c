"""Foundation schema."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the foundation objects."""


def downgrade() -> None:
    """Drop the foundation objects."""
