"""Branding schema: brand kits, and the logo files that belong to them."""

from collections.abc import Sequence

from alembic import op

from backend.db.migrations.row_security import OWN_ROWS, allow, grant, keep_updated_at, own_rows, protect

revision = "0003"
down_revision = "0002"

KITS = """
CREATE TABLE public.brand_kits (
    id uuid CONSTRAINT brand_kits_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL CONSTRAINT brand_kits_user_id_fkey REFERENCES public.users (id) ON DELETE CASCADE,
    name text NOT NULL CONSTRAINT brand_kits_name_check CHECK (char_length(name) BETWEEN 1 AND 100),
    is_active boolean NOT NULL DEFAULT false,
    primary_colors text[] NOT NULL
        CONSTRAINT brand_kits_primary_colors_check CHECK (cardinality(primary_colors) BETWEEN 1 AND 5),
    accent_colors text[] NOT NULL DEFAULT '{}'::text[]
        CONSTRAINT brand_kits_accent_colors_check CHECK (cardinality(accent_colors) <= 3),
    fonts jsonb NOT NULL CONSTRAINT brand_kits_fonts_check CHECK (fonts ?& ARRAY['headline', 'body']),
    logo_url text,
    tone text NOT NULL DEFAULT 'professional' CONSTRAINT brand_kits_tone_check
        CHECK (tone IN ('competitive', 'casual', 'educational', 'comedic', 'professional')),
    style_reference text NOT NULL DEFAULT ''
        CONSTRAINT brand_kits_style_reference_check CHECK (char_length(style_reference) <= 500),
    extracted_from text CONSTRAINT brand_kits_extracted_from_check CHECK (extracted_from = 'vibe_branding'),
    source_image_hash text,
    colors_extended jsonb NOT NULL DEFAULT '{}'::jsonb,
    typography jsonb NOT NULL DEFAULT '{}'::jsonb,
    voice jsonb NOT NULL DEFAULT '{}'::jsonb,
    guidelines jsonb NOT NULL DEFAULT '{}'::jsonb,
    streamer_assets jsonb NOT NULL DEFAULT '{}'::jsonb,
    social_profiles jsonb NOT NULL DEFAULT '{}'::jsonb,
    logos jsonb NOT NULL DEFAULT '{}'::jsonb,
    default_logo_type text NOT NULL DEFAULT 'primary' CONSTRAINT brand_kits_default_logo_type_check
        CHECK (default_logo_type IN ('primary', 'secondary', 'icon', 'monochrome', 'watermark')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT brand_kits_id_user_id_key UNIQUE (id, user_id)
)
"""

LOGOS = """
CREATE TABLE public.brand_kit_logos (
    brand_kit_id uuid NOT NULL,
    logo_type text NOT NULL CONSTRAINT brand_kit_logos_logo_type_check
        CHECK (logo_type IN ('primary', 'secondary', 'icon', 'monochrome', 'watermark')),
    user_id uuid NOT NULL,
    storage_path text NOT NULL CONSTRAINT brand_kit_logos_storage_path_key UNIQUE
        CONSTRAINT brand_kit_logos_storage_path_check
        CHECK (storage_path ~ ('^' || user_id || '/' || brand_kit_id || '/[A-Za-z0-9][A-Za-z0-9_-]*[.][a-z0-9]{2,5}$')),
    content_type text NOT NULL CONSTRAINT brand_kit_logos_content_type_check
        CHECK (content_type IN ('image/png', 'image/jpeg', 'image/webp')),
    file_size integer NOT NULL CONSTRAINT brand_kit_logos_file_size_check CHECK (file_size BETWEEN 1 AND 10485760),
    width integer NOT NULL,
    height integer NOT NULL,
    filename text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT brand_kit_logos_pkey PRIMARY KEY (brand_kit_id, logo_type),
    CONSTRAINT brand_kit_logos_size_check CHECK (width > 0 AND height > 0),
    CONSTRAINT brand_kit_logos_brand_kit_id_user_id_fkey FOREIGN KEY (brand_kit_id, user_id)
        REFERENCES public.brand_kits (id, user_id) ON DELETE CASCADE
)
"""

INDEXES = (
    "CREATE INDEX brand_kits_user_id_created_at_idx ON public.brand_kits (user_id, created_at DESC, id DESC)",
    "CREATE UNIQUE INDEX brand_kits_one_active_idx ON public.brand_kits (user_id) WHERE is_active",
    "CREATE INDEX brand_kit_logos_user_id_idx ON public.brand_kit_logos (user_id)",
)

# A logo's row may go by the owner's hand, be pointed to a newer file, or go with its kit or the whole account.
# Noting the file where the row changes covers all of them; the worker deletes noted files once this is committed.
# The table of notes comes with 0004: the body is bound when it first runs.
NOTE_FILE = """
CREATE FUNCTION public.note_logo_file() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO public.storage_cleanups (bucket, storage_path)
    VALUES ('logos', OLD.storage_path)
    ON CONFLICT (bucket, storage_path) DO UPDATE SET due_at = now();
    PERFORM pg_notify('storage_cleanups', '');
    RETURN NULL;
END
$$
"""

TRIGGERS = (
    "REVOKE ALL ON FUNCTION public.note_logo_file() FROM PUBLIC",
    """
    CREATE TRIGGER note_deleted_file AFTER DELETE ON public.brand_kit_logos
    FOR EACH ROW EXECUTE FUNCTION public.note_logo_file()
    """,
    """
    CREATE TRIGGER note_replaced_file AFTER UPDATE ON public.brand_kit_logos
    FOR EACH ROW WHEN (OLD.storage_path <> NEW.storage_path) EXECUTE FUNCTION public.note_logo_file()
    """,
)

# What its owner may change; ids, owners and times are not among it.
KIT_COLUMNS = (
    "name",
    "is_active",
    "primary_colors",
    "accent_colors",
    "fonts",
    "logo_url",
    "tone",
    "style_reference",
    "extracted_from",
    "source_image_hash",
    "colors_extended",
    "typography",
    "voice",
    "guidelines",
    "streamer_assets",
    "social_profiles",
    "logos",
    "default_logo_type",
)
LOGO_COLUMNS = ("storage_path", "content_type", "file_size", "width", "height", "filename")


def open_to_owner(table: str, identity: Sequence[str], columns: Sequence[str]) -> None:
    """Let users do what they like with rows of their own, except to change whose or which they are."""
    protect(table)
    own_rows(table, "SELECT", "DELETE")
    grant(table, "INSERT", columns=(*identity, *columns))
    allow(table, "INSERT", check=OWN_ROWS)
    grant(table, "UPDATE", columns=columns)
    allow(table, "UPDATE", using=OWN_ROWS, check=OWN_ROWS)
    keep_updated_at(table)


def upgrade() -> None:
    """Create the branding objects."""
    for statement in (KITS, LOGOS, *INDEXES, NOTE_FILE, *TRIGGERS):
        op.execute(statement)
    open_to_owner("brand_kits", ["user_id"], KIT_COLUMNS)
    open_to_owner("brand_kit_logos", ["user_id", "brand_kit_id", "logo_type"], LOGO_COLUMNS)


def downgrade() -> None:
    """Drop the branding objects."""
    op.execute("DROP TABLE public.brand_kit_logos, public.brand_kits")
    op.execute("DROP FUNCTION public.note_logo_file()")
