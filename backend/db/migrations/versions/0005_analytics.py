"""Analytics schema: hourly counts of events, daily popularity of asset types, and the batches already added."""

from typing import Final

from alembic import op

from backend.db.migrations.row_security import keep_updated_at, protect

revision = "0005"
down_revision = "0004"

# A client's counters are nobody's own rows: only the service role reads and writes them, reports pass the admin guard.
TABLES: Final = {
    "analytics_flushes": """
    CREATE TABLE public.analytics_flushes (
        id uuid CONSTRAINT analytics_flushes_pkey PRIMARY KEY,
        hour_bucket timestamptz NOT NULL,
        event_count bigint NOT NULL,
        flushed_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "analytics_events": """
    CREATE TABLE public.analytics_events (
        id uuid CONSTRAINT analytics_events_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
        event_name text NOT NULL,
        event_category text NOT NULL CONSTRAINT analytics_events_event_category_check
            CHECK (event_category IN ('page', 'modal', 'wizard', 'user_action', 'feature', 'performance', 'error')),
        asset_type text,
        event_count bigint NOT NULL CONSTRAINT analytics_events_event_count_check CHECK (event_count > 0),
        unique_sessions bigint NOT NULL,
        unique_users bigint NOT NULL,
        hour_bucket timestamptz NOT NULL CONSTRAINT analytics_events_hour_bucket_check
            CHECK (hour_bucket = date_trunc('hour', hour_bucket, 'UTC')),
        last_seen_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT analytics_events_counted_key
            UNIQUE NULLS NOT DISTINCT (hour_bucket, event_name, event_category, asset_type)
    )
    """,
    "analytics_asset_popularity": """
    CREATE TABLE public.analytics_asset_popularity (
        asset_type text NOT NULL,
        date_bucket date NOT NULL,
        generation_count bigint NOT NULL DEFAULT 0,
        view_count bigint NOT NULL DEFAULT 0,
        share_count bigint NOT NULL DEFAULT 0,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT analytics_asset_popularity_pkey PRIMARY KEY (asset_type, date_bucket)
    )
    """,
}

INDEXES: Final = (
    "CREATE INDEX analytics_events_event_name_hour_bucket_idx ON public.analytics_events (event_name, hour_bucket)",
    """
    CREATE INDEX analytics_events_asset_type_hour_bucket_idx ON public.analytics_events (asset_type, hour_bucket)
    WHERE asset_type IS NOT NULL
    """,
    "CREATE INDEX analytics_asset_popularity_date_bucket_idx ON public.analytics_asset_popularity (date_bucket)",
)


def upgrade() -> None:
    """Create the analytics objects."""
    for table, statement in TABLES.items():
        op.execute(statement)
        protect(table)
    for statement in INDEXES:
        op.execute(statement)
    keep_updated_at("analytics_asset_popularity")


def downgrade() -> None:
    """Drop the analytics objects."""
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE public.{table}")
