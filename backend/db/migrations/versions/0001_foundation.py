"""Foundation: the roles of row-level security and the functions its policies and tables use."""

from alembic import op

revision = "0001"
down_revision = None

# Hosted Supabase has these roles, and its `postgres` is a member of them. Elsewhere they are made here, once for all
# databases of the server: another database may be migrated at the same moment.
_ROLES = """
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['anon', 'authenticated', 'service_role'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', wanted);
                EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
            ELSIF NOT pg_catalog.pg_has_role(wanted, 'MEMBER') THEN
                EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$$
"""

_CURRENT_USER_ID = """
CREATE FUNCTION public.current_user_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT nullif(
        nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', ''
    )::uuid
$$
"""

_SET_UPDATED_AT = """
CREATE FUNCTION public.set_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    NEW.updated_at = pg_catalog.now();
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    """Create the foundation objects."""
    op.execute(_ROLES)
    op.execute("GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role")
    op.execute(_CURRENT_USER_ID)
    op.execute(_SET_UPDATED_AT)
    # Alembic's own table stays writable for the owner, who is not subject to security that is not forced.
    op.execute("ALTER TABLE public.alembic_version ENABLE ROW LEVEL SECURITY")
    op.execute("REVOKE ALL ON public.alembic_version FROM PUBLIC, anon, authenticated, service_role")
    op.execute("GRANT SELECT ON public.alembic_version TO service_role")
    op.execute(
        "CREATE POLICY alembic_version_service_role_select ON public.alembic_version "
        "FOR SELECT TO service_role USING (true)"
    )


def downgrade() -> None:
    """Drop the foundation objects; roles belong to the whole server and stay."""
    op.execute("DROP POLICY alembic_version_service_role_select ON public.alembic_version")
    op.execute("ALTER TABLE public.alembic_version DISABLE ROW LEVEL SECURITY")
    op.execute("DROP FUNCTION public.set_updated_at()")
    op.execute("DROP FUNCTION public.current_user_id()")
