"""Generation schema: jobs, assets, files to delete, and pgqueuer's own tables."""

from __future__ import annotations

from collections.abc import Iterator

from alembic import op
from pgqueuer.adapters.persistence import schema_ddl
from pgqueuer.domain.schema.declaration import target

from backend.db.migrations.row_security import OWN_ROWS, allow, grant, keep_updated_at, own_rows, protect
from backend.db.queue import queue_names

revision = "0004"
down_revision = "0003"

JOBS = """
CREATE TABLE public.generation_jobs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
    brand_kit_id uuid REFERENCES public.brand_kits (id) ON DELETE SET NULL,
    parent_job_id uuid REFERENCES public.generation_jobs (id) ON DELETE SET NULL,
    asset_type text NOT NULL,
    status text NOT NULL DEFAULT 'queued',
    prompt text NOT NULL,
    parameters jsonb NOT NULL DEFAULT '{{}}',
    progress integer NOT NULL DEFAULT 0,
    error_code text,
    error_message text,
    idempotency_key text,
    request_hash text,
    attempt integer NOT NULL DEFAULT 0,
    lease_until timestamptz,
    lease_token uuid,
    cancel_requested boolean NOT NULL DEFAULT false,
    event_seq integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    CONSTRAINT generation_jobs_asset_type_check CHECK (asset_type IN ({asset_types})),
    CONSTRAINT generation_jobs_status_check CHECK (
        status IN ('queued', 'processing', 'completed', 'partial', 'failed', 'canceled')
    ),
    CONSTRAINT generation_jobs_progress_check CHECK (progress BETWEEN 0 AND 100),
    CONSTRAINT generation_jobs_attempt_check CHECK (attempt >= 0),
    CONSTRAINT generation_jobs_lease_check CHECK (
        (status = 'processing') = (lease_token IS NOT NULL AND lease_until IS NOT NULL)
    ),
    CONSTRAINT generation_jobs_completed_check CHECK (
        (status IN ('queued', 'processing')) = (completed_at IS NULL)
    )
)
"""

ASSETS = """
CREATE TABLE public.assets (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
    job_id uuid NOT NULL REFERENCES public.generation_jobs (id) ON DELETE CASCADE,
    asset_type text NOT NULL,
    bucket text NOT NULL DEFAULT 'assets',
    storage_path text NOT NULL,
    content_type text NOT NULL DEFAULT 'image/png',
    width integer NOT NULL,
    height integer NOT NULL,
    file_size bigint NOT NULL,
    is_public boolean NOT NULL DEFAULT false,
    viral_score integer,
    thought_signature text,
    details jsonb NOT NULL DEFAULT '{{}}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT assets_asset_type_check CHECK (asset_type IN ({asset_types})),
    CONSTRAINT assets_size_check CHECK (width BETWEEN 1 AND 4096 AND height BETWEEN 1 AND 4096),
    CONSTRAINT assets_file_size_check CHECK (file_size > 0),
    CONSTRAINT assets_viral_score_check CHECK (viral_score BETWEEN 0 AND 100)
)
"""

CLEANUPS = """
CREATE TABLE public.storage_cleanups (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    bucket text NOT NULL,
    storage_path text NOT NULL,
    lease_token uuid,
    due_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now()
)
"""

INDEXES = (
    "CREATE INDEX generation_jobs_user_id_created_at_idx ON public.generation_jobs (user_id, created_at DESC, id)",
    "CREATE INDEX generation_jobs_brand_kit_id_idx ON public.generation_jobs (brand_kit_id)",
    "CREATE INDEX generation_jobs_parent_job_id_idx ON public.generation_jobs (parent_job_id)",
    (
        "CREATE UNIQUE INDEX generation_jobs_idempotency_key_key"
        " ON public.generation_jobs (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL"
    ),
    "CREATE INDEX generation_jobs_lease_until_idx ON public.generation_jobs (lease_until) WHERE status = 'processing'",
    "CREATE INDEX generation_jobs_queued_idx ON public.generation_jobs (created_at) WHERE status = 'queued'",
    "CREATE INDEX assets_user_id_created_at_idx ON public.assets (user_id, created_at DESC, id)",
    "CREATE INDEX assets_job_id_idx ON public.assets (job_id)",
    "CREATE UNIQUE INDEX assets_storage_path_key ON public.assets (bucket, storage_path)",
    "CREATE INDEX storage_cleanups_due_at_idx ON public.storage_cleanups (due_at)",
    "CREATE INDEX storage_cleanups_lease_token_idx ON public.storage_cleanups (lease_token)",
    "CREATE UNIQUE INDEX storage_cleanups_storage_path_key ON public.storage_cleanups (bucket, storage_path)",
)

# The row of a file may go by the owner's hand, with its job, or with the whole account. Noting the
# file where the row goes covers all three; the worker hears the notice and deletes it.
NOTE_FILE = """
CREATE FUNCTION public.note_asset_file() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO public.storage_cleanups (bucket, storage_path)
    VALUES (OLD.bucket, OLD.storage_path)
    ON CONFLICT (bucket, storage_path) DO UPDATE SET due_at = now();
    PERFORM pg_notify('storage_cleanups', '');
    RETURN OLD;
END
$$
"""

NOTE_FILE_OF_EACH_ROW = """
CREATE TRIGGER assets_note_file AFTER DELETE ON public.assets
FOR EACH ROW EXECUTE FUNCTION public.note_asset_file()
"""

ASSET_TYPES = (
    "'thumbnail', 'youtube_thumbnail', 'overlay', 'banner', 'story_graphic', 'clip_cover', 'twitch_offline',"
    " 'twitch_banner', 'twitch_badge', 'twitch_panel', 'twitch_emote', 'twitch_emote_112',"
    " 'twitch_emote_56', 'twitch_emote_28', 'tiktok_emote', 'tiktok_emote_300',"
    " 'tiktok_emote_200', 'tiktok_emote_100', 'tiktok_story', 'instagram_story',"
    " 'instagram_reel', 'profile_picture', 'streamer_logo', 'logo'"
)


def upgrade() -> None:
    """Create the generation objects."""
    execute = op.get_bind().exec_driver_sql
    execute(JOBS.format(asset_types=ASSET_TYPES))
    execute(ASSETS.format(asset_types=ASSET_TYPES))
    execute(CLEANUPS)
    for statement in INDEXES:
        execute(statement)
    protect("generation_jobs")
    own_rows("generation_jobs", "SELECT")
    keep_updated_at("generation_jobs")
    protect("assets")
    own_rows("assets", "SELECT", "DELETE")
    grant("assets", "UPDATE", columns=["is_public"])
    allow("assets", "UPDATE", using=OWN_ROWS, check=OWN_ROWS)
    protect("storage_cleanups")
    # For the trigger, which runs as the table's owner; nobody else holds a privilege.
    allow("storage_cleanups", "ALL", to="CURRENT_USER", using="true", check="true")
    execute(NOTE_FILE)
    execute("REVOKE ALL ON FUNCTION public.note_asset_file() FROM PUBLIC")
    execute(NOTE_FILE_OF_EACH_ROW)
    for statement in queue_statements():
        execute(statement)


def queue_statements() -> Iterator[str]:
    """Yield pgqueuer's DDL one statement at a time, then who may use its tables."""
    names = queue_names()
    schema = target(names)
    yield f"CREATE SCHEMA {names.db_schema}"
    for enum in schema.enums:
        yield schema_ddl.render_enum(enum, names)
    for table in schema.tables:
        yield schema_ddl.render_table(table, names)
    for index in schema.indexes:
        yield schema_ddl.render_index(index, names)
    for function in schema.functions:
        yield schema_ddl.render_function(function, names)
    for trigger in schema.triggers:
        yield schema_ddl.render_trigger(trigger, names)
    for table in schema.tables:
        qualified = names.qualify(table.name)
        yield f"ALTER TABLE {qualified} ENABLE ROW LEVEL SECURITY"
        yield f"ALTER TABLE {qualified} FORCE ROW LEVEL SECURITY"
        yield (f"CREATE POLICY {table.name}_service ON {qualified} TO service_role USING (true) WITH CHECK (true)")
    yield f"GRANT USAGE ON SCHEMA {names.db_schema} TO service_role"
    yield f"GRANT ALL ON ALL TABLES IN SCHEMA {names.db_schema} TO service_role"
    yield f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {names.db_schema} TO service_role"


def downgrade() -> None:
    """Drop the generation objects."""
    execute = op.get_bind().exec_driver_sql
    execute(f"DROP SCHEMA {queue_names().db_schema} CASCADE")
    execute("DROP TABLE public.assets, public.generation_jobs, public.storage_cleanups")
    execute("DROP FUNCTION public.note_asset_file()")
