"""Identity schema: accounts, identities, emailed tokens, monthly usage, audit."""

from __future__ import annotations

from typing import Final

from alembic import op

from backend.db.migrations.row_security import allow, grant, keep_updated_at, own_rows, protect

revision = "0002"
down_revision = "0001"

TABLES: Final = (
    """
    CREATE TABLE public.users (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        email text NOT NULL,
        email_verified boolean NOT NULL DEFAULT false,
        password_hash text,
        display_name text NOT NULL,
        avatar_url text,
        role text NOT NULL DEFAULT 'user',
        subscription_tier text NOT NULL DEFAULT 'free',
        subscription_status text NOT NULL DEFAULT 'none',
        stripe_customer_id text,
        token_version integer NOT NULL DEFAULT 0,
        terms_accepted_at timestamptz,
        terms_version varchar(20) NOT NULL DEFAULT '1.0.0',
        privacy_accepted_at timestamptz,
        privacy_version varchar(20) NOT NULL DEFAULT '1.0.0',
        last_login_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT users_role_check CHECK (role IN ('user', 'admin')),
        CONSTRAINT users_subscription_tier_check
            CHECK (subscription_tier IN ('free', 'pro', 'studio', 'unlimited')),
        CONSTRAINT users_subscription_status_check
            CHECK (subscription_status IN ('active', 'past_due', 'canceled', 'none')),
        CONSTRAINT users_email_check CHECK (email <> '')
    )
    """,
    """
    CREATE TABLE public.user_identities (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        user_id uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
        provider text NOT NULL,
        provider_user_id text NOT NULL,
        email text,
        linked_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT user_identities_provider_check CHECK (provider IN ('google', 'twitch', 'discord')),
        CONSTRAINT user_identities_provider_provider_user_id_key UNIQUE (provider, provider_user_id),
        CONSTRAINT user_identities_user_id_provider_key UNIQUE (user_id, provider)
    )
    """,
    """
    CREATE TABLE public.terms_acceptance_history (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        user_id uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
        document_type text NOT NULL,
        document_version varchar(20) NOT NULL,
        accepted_at timestamptz NOT NULL DEFAULT now(),
        ip inet,
        user_agent text,
        CONSTRAINT terms_acceptance_history_document_type_check CHECK (document_type IN ('terms', 'privacy'))
    )
    """,
    """
    CREATE TABLE public.auth_tokens (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        user_id uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
        token_type text NOT NULL,
        token_hash text NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT auth_tokens_token_type_check CHECK (token_type IN ('password_reset', 'email_verification')),
        CONSTRAINT auth_tokens_token_hash_key UNIQUE (token_hash)
    )
    """,
    """
    CREATE TABLE public.user_usage (
        user_id uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
        period_start timestamptz NOT NULL,
        creations_used integer NOT NULL DEFAULT 0,
        refinements_used integer NOT NULL DEFAULT 0,
        coach_used integer NOT NULL DEFAULT 0,
        vibe_branding_used integer NOT NULL DEFAULT 0,
        aura_lab_used integer NOT NULL DEFAULT 0,
        profile_creator_used integer NOT NULL DEFAULT 0,
        PRIMARY KEY (user_id, period_start),
        CONSTRAINT user_usage_used_check CHECK (
            least(creations_used, refinements_used, coach_used, vibe_branding_used, aura_lab_used,
                profile_creator_used) >= 0
        )
    )
    """,
    """
    CREATE TABLE public.usage_reservations (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
        feature text NOT NULL,
        amount integer NOT NULL,
        period_start timestamptz NOT NULL,
        state text NOT NULL DEFAULT 'reserved',
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT usage_reservations_feature_check CHECK (
            feature IN ('creations', 'refinements', 'coach', 'vibe_branding', 'aura_lab', 'profile_creator')
        ),
        CONSTRAINT usage_reservations_state_check CHECK (state IN ('reserved', 'committed', 'released')),
        CONSTRAINT usage_reservations_amount_check CHECK (amount > 0)
    )
    """,
    """
    CREATE TABLE public.audit_events (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        ts timestamptz NOT NULL DEFAULT now(),
        event_type text NOT NULL,
        user_id uuid,
        email_masked text,
        ip inet,
        user_agent text,
        success boolean NOT NULL DEFAULT true,
        failure_reason text,
        metadata jsonb NOT NULL DEFAULT '{}',
        request_id text
    )
    """,
)

INDEXES: Final = (
    "CREATE UNIQUE INDEX users_lower_email_key ON public.users (lower(email))",
    "CREATE UNIQUE INDEX users_stripe_customer_id_key ON public.users (stripe_customer_id)",
    "CREATE INDEX users_last_login_at_idx ON public.users (last_login_at DESC)",
    "CREATE INDEX users_created_at_idx ON public.users (created_at DESC)",
    "CREATE INDEX users_terms_accepted_at_idx ON public.users (terms_accepted_at)",
    "CREATE INDEX terms_acceptance_history_user_id_idx ON public.terms_acceptance_history (user_id)",
    "CREATE INDEX auth_tokens_user_id_idx ON public.auth_tokens (user_id)",
    "CREATE INDEX auth_tokens_token_type_expires_at_idx ON public.auth_tokens (token_type, expires_at)",
    "CREATE INDEX usage_reservations_user_id_idx ON public.usage_reservations (user_id)",
    "CREATE INDEX audit_events_user_id_ts_idx ON public.audit_events (user_id, ts DESC)",
    "CREATE INDEX audit_events_event_type_ts_idx ON public.audit_events (event_type, ts DESC)",
)

READABLE_COLUMNS_OF_USERS: Final = (
    "id",
    "email",
    "email_verified",
    "display_name",
    "avatar_url",
    "role",
    "subscription_tier",
    "subscription_status",
    "terms_accepted_at",
    "terms_version",
    "privacy_accepted_at",
    "privacy_version",
    "last_login_at",
    "created_at",
    "updated_at",
)

# Nobody writes to these tables as himself: each row says something of its owner that he must not say of himself.
READABLE_BY_OWNER: Final = (
    "user_identities",
    "terms_acceptance_history",
    "user_usage",
    "usage_reservations",
    "audit_events",
)
APPEND_ONLY: Final = ("terms_acceptance_history", "audit_events")
NAMES: Final = ("users", "auth_tokens", *READABLE_BY_OWNER)


def upgrade() -> None:
    """Create the identity objects."""
    for statement in (*TABLES, *INDEXES):
        op.execute(statement)
    for table in NAMES:
        protect(table)
    for table in READABLE_BY_OWNER:
        own_rows(table, "SELECT")
    for table in APPEND_ONLY:
        op.execute(f"REVOKE UPDATE, DELETE ON public.{table} FROM service_role")
    grant("users", "SELECT", columns=READABLE_COLUMNS_OF_USERS)
    allow("users", "SELECT", using="id = (SELECT public.current_user_id())")
    keep_updated_at("users")


def downgrade() -> None:
    """Drop the identity objects."""
    for table in reversed(NAMES):
        op.execute(f"DROP TABLE public.{table}")
