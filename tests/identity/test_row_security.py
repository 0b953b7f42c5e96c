"""What a session that speaks for a user can see and do with the rows of identity."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from backend.clients.supabase import Supabase
from backend.db.caller import Caller
from backend.db.repositories.auth_tokens import AuthTokenRepository
from backend.db.repositories.usage import UsageRepository
from backend.db.repositories.user_identities import UserIdentityRepository
from backend.db.repositories.users import Account
from backend.db.tables.identity import Feature, Provider
from backend.services.identity.auth_token_service import AuthTokenService
from backend.services.usage.usage_limit_service import UsageLimitService
from tests.conftest import SessionAs
from tests.support.identity import add_account

OWNED = ["user_identities", "terms_acceptance_history", "user_usage", "usage_reservations", "audit_events"]
TABLES = ["users", "auth_tokens", *OWNED]


@pytest.fixture
async def alice(supabase: Supabase, session_as: SessionAs) -> Account:
    return await furnished(supabase, session_as)


@pytest.fixture
async def bob(supabase: Supabase, session_as: SessionAs) -> Account:
    return await furnished(supabase, session_as)


async def furnished(supabase: Supabase, session_as: SessionAs) -> Account:
    """Make an account with a row in every table."""
    account = await add_account(supabase, password_hash="a hash", terms_version="1.0.0", privacy_version="1.0.0")
    async with session_as(Caller.service()) as session:
        await UserIdentityRepository(session).link(account.id, Provider.GOOGLE, str(uuid4()), account.email)
        await AuthTokenService(AuthTokenRepository(session)).create_password_reset(account.id)
        await UsageLimitService(UsageRepository(session)).reserve(account.id, Feature.CREATIONS, key=uuid4())
        await session.execute(
            text("INSERT INTO audit_events (event_type, user_id) VALUES ('logout', :id)"), {"id": account.id}
        )
    return account


async def refused(session_as: SessionAs, caller: Caller, statement: str) -> bool:
    """Try a statement and tell whether Postgres forbids it."""
    try:
        async with session_as(caller) as session:
            await session.execute(text(statement))
    except ProgrammingError as error:
        return "permission denied" in str(error)
    return False


async def test_a_user_reads_his_own_rows_only(session_as: SessionAs, alice: Account, bob: Account) -> None:
    async with session_as(Caller.user(alice.id)) as session:
        owners = {table: set(await session.scalars(text(f"SELECT user_id FROM {table}"))) for table in OWNED}

    assert owners == {table: {alice.id} for table in OWNED}


async def test_a_user_reads_his_own_account_only(session_as: SessionAs, alice: Account, bob: Account) -> None:
    async with session_as(Caller.user(alice.id)) as session:
        emails = list(await session.scalars(text("SELECT email FROM users")))

    assert emails == [alice.email]


async def test_a_user_reads_no_secret(session_as: SessionAs, alice: Account) -> None:
    statements = [
        "SELECT password_hash FROM users",
        "SELECT token_version FROM users",
        "SELECT stripe_customer_id FROM users",
        "SELECT * FROM users",
        "SELECT id FROM auth_tokens",
    ]

    assert [each for each in statements if not await refused(session_as, Caller.user(alice.id), each)] == []


async def test_a_user_writes_nothing_about_himself(session_as: SessionAs, alice: Account) -> None:
    statements = [
        "UPDATE users SET subscription_tier = 'unlimited'",
        "UPDATE users SET role = 'admin'",
        "DELETE FROM users",
        "INSERT INTO users (email, display_name) VALUES ('new@example.com', 'New')",
        "UPDATE user_usage SET creations_used = 0",
        "DELETE FROM user_usage",
        "INSERT INTO user_usage (user_id, period_start) VALUES (current_user_id(), now())",
        "UPDATE usage_reservations SET state = 'released'",
        "DELETE FROM usage_reservations",
        "UPDATE auth_tokens SET used_at = NULL",
        "DELETE FROM auth_tokens",
        "INSERT INTO user_identities (user_id, provider, provider_user_id) VALUES (current_user_id(), 'twitch', '1')",
        "DELETE FROM user_identities",
        "UPDATE terms_acceptance_history SET document_version = '2'",
        "INSERT INTO audit_events (event_type, user_id) VALUES ('logout', current_user_id())",
        "DELETE FROM audit_events",
    ]

    assert [each for each in statements if not await refused(session_as, Caller.user(alice.id), each)] == []


async def test_nobody_reads_nothing(session_as: SessionAs, alice: Account) -> None:
    readable = [
        table for table in TABLES if not await refused(session_as, Caller.anonymous(), f"SELECT 1 FROM {table}")
    ]

    assert readable == []


async def test_deleted_account_leaves_its_audit_trail_alone(
    session_as: SessionAs, alice: Account, bob: Account
) -> None:
    async with session_as(Caller.service()) as session:
        await session.execute(text("DELETE FROM users WHERE id = :id"), {"id": alice.id})
    counts = {}
    async with session_as(Caller.service()) as session:
        for table in (*OWNED, "auth_tokens"):
            counts[table] = await session.scalar(
                text(f"SELECT count(*) FROM {table} WHERE user_id = :id"), {"id": alice.id}
            )

    assert {table for table, count in counts.items() if count} == {"audit_events"}
