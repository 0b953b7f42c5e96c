"""One row of every table, as the service role would write it for one owner."""

from uuid import UUID, uuid4

from sqlalchemy import text

from backend.db.session import DatabaseSession

OWNERS_ID = UUID("a11ce000-0000-4000-8000-000000000001")
KIT_ID = UUID("b4a9d000-0000-4000-8000-000000000001")
JOB_ID = UUID("10b00000-0000-4000-8000-000000000001")

ROWS: dict[str, str] = {
    "public.users": """(id, email, display_name, password_hash)
        VALUES (:owner, :unique || '@example.com', 'Alice', 'a hash')""",
    "public.user_identities": """(user_id, provider, provider_user_id) VALUES (:owner, 'google', :unique)""",
    "public.terms_acceptance_history": """(user_id, document_type, document_version, accepted_at)
        VALUES (:owner, 'terms', '1.0.0', now())""",
    "public.auth_tokens": """(user_id, token_type, token_hash, expires_at)
        VALUES (:owner, 'password_reset', :unique, now())""",
    "public.user_usage": "(user_id, period_start, creations_used) VALUES (:owner, now(), 1)",
    "public.usage_reservations": """(id, user_id, feature, amount, period_start)
        VALUES (gen_random_uuid(), :owner, 'creations', 1, now())""",
    "public.audit_events": "(event_type, user_id) VALUES ('auth.login', :owner)",
    "public.brand_kits": """(id, user_id, name, primary_colors, fonts)
        VALUES (:kit, :owner, 'Neon', ARRAY['#FF00FF'], '{"headline": "Inter", "body": "Inter"}')""",
    "public.brand_kit_logos": """(brand_kit_id, logo_type, user_id, storage_path, content_type, file_size, width,
        height, filename)
        VALUES (:kit, 'primary', :owner, :owner || '/' || :kit || '/logo.png', 'image/png', 9, 3, 3, 'a.png')""",
    "public.generation_jobs": """(id, user_id, asset_type, prompt) VALUES (:job, :owner, 'thumbnail', 'a castle')""",
    "public.assets": """(user_id, job_id, asset_type, storage_path, width, height, file_size)
        VALUES (:owner, :job, 'thumbnail', :unique, 9, 9, 9)""",
    "public.storage_cleanups": "(bucket, storage_path) VALUES ('assets', :unique)",
    "public.analytics_events": """(event_name, event_category, event_count, unique_sessions, unique_users, hour_bucket,
        last_seen_at) VALUES ('opened', 'page', 1, 1, 1, date_trunc('hour', now(), 'UTC'), now())""",
    "public.analytics_flushes": """(id, hour_bucket, event_count)
        VALUES (gen_random_uuid(), date_trunc('hour', now(), 'UTC'), 1)""",
    "public.analytics_asset_popularity": "(asset_type, date_bucket) VALUES ('thumbnail', current_date)",
    "pgqueuer.pgqueuer": "(priority, status, entrypoint) VALUES (0, 'queued', 'generate')",
    "pgqueuer.pgqueuer_log": "(job_id, status, priority, entrypoint) VALUES (1, 'queued', 0, 'generate')",
    "pgqueuer.pgqueuer_schedules": "(expression, entrypoint) VALUES ('* * * * *', 'generate')",
    "pgqueuer.pgqueuer_statistics": "(count, priority, status, entrypoint) VALUES (1, 0, 'successful', 'generate')",
}
"""Columns and values of a row, in an order that foreign keys allow."""


async def insert(session: DatabaseSession, table: str) -> None:
    """Insert the owner's row into one table, under the role the session acts in."""
    values = {"owner": OWNERS_ID, "kit": KIT_ID, "job": JOB_ID, "unique": str(uuid4())}
    statement = f"INSERT INTO {table} {ROWS[table]}"
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    await session.execute(text(_with_types(statement)), used)


def _with_types(statement: str) -> str:
    for name, kind in (("owner", "uuid"), ("kit", "uuid"), ("job", "uuid"), ("unique", "text")):
        statement = statement.replace(f":{name}", f"CAST(:{name} AS {kind})")
    return statement


async def insert_all(session: DatabaseSession) -> None:
    """Insert the owner's row into every table."""
    for table in ROWS:
        await insert(session, table)
