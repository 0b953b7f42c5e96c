"""What a migration says about who may touch a table.

All arguments are identifiers and expressions written in migrations, never data.
"""

from collections.abc import Sequence
from typing import Final

from alembic import op

OWN_ROWS: Final = "user_id = (SELECT public.current_user_id())"
"""True for the caller's own rows; the sub-select makes Postgres ask once per statement, not once per row."""


def protect(table: str) -> None:
    """Close a new table to everyone but the service role, with row-level security enabled and forced.

    Hosted Supabase grants new tables to its API roles; those grants are taken back here.
    """
    op.execute(f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY")
    op.execute(f"REVOKE ALL ON public.{table} FROM PUBLIC, anon, authenticated, service_role")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON public.{table} TO service_role")
    allow(table, "ALL", to="service_role", using="true", check="true")


def grant(table: str, privilege: str, *, to: str = "authenticated", columns: Sequence[str] = ()) -> None:
    """Grant a privilege on a table, or on some of its columns only."""
    target = f"{privilege} ({', '.join(columns)})" if columns else privilege
    op.execute(f"GRANT {target} ON public.{table} TO {to}")


def allow(
    table: str, command: str, *, to: str = "authenticated", using: str | None = None, check: str | None = None
) -> None:
    """Add the policy that lets a role use a command on rows that satisfy the conditions."""
    conditions = (f" USING ({using})" if using else "") + (f" WITH CHECK ({check})" if check else "")
    name = f"{table}_{to}_{command.lower()}"
    op.execute(f"CREATE POLICY {name} ON public.{table} AS PERMISSIVE FOR {command} TO {to}{conditions}")


def own_rows(table: str, *commands: str, condition: str = OWN_ROWS) -> None:
    """Let users apply commands to their own rows: any of SELECT, INSERT, UPDATE, DELETE.

    Grants the privilege on the whole table; use `grant` and `allow` where columns are to be left out.
    """
    for command in commands:
        grant(table, command)
        allow(
            table,
            command,
            using=None if command == "INSERT" else condition,
            check=condition if command in {"INSERT", "UPDATE"} else None,
        )


def keep_updated_at(table: str) -> None:
    """Let a trigger set `updated_at` on every change."""
    op.execute(
        f"CREATE TRIGGER {table}_updated_at BEFORE UPDATE ON public.{table} "
        "FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()"
    )
