"""Single-use emailed tokens."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from backend.clients.supabase import Supabase
from backend.db.caller import Caller
from backend.db.repositories.auth_tokens import AuthTokenRepository
from backend.db.tables.identity import AuthToken, AuthTokenType
from backend.services.identity.auth_token_service import AuthTokenService
from tests.support.identity import add_account

RESET, VERIFY = AuthTokenType.PASSWORD_RESET, AuthTokenType.EMAIL_VERIFICATION


async def create(supabase: Supabase, user_id: UUID, kind: AuthTokenType = RESET) -> str:
    async with supabase.session(Caller.anonymous()) as session, session.begin():
        tokens = AuthTokenService(AuthTokenRepository(session))
        make = tokens.create_password_reset if kind is RESET else tokens.create_email_verification
        return await make(user_id)


async def consume(supabase: Supabase, plain: str, kind: AuthTokenType = RESET) -> UUID | None:
    async with supabase.session(Caller.anonymous()) as session, session.begin():
        return await AuthTokenService(AuthTokenRepository(session)).consume(plain, kind)


async def change(supabase: Supabase, **values: object) -> None:
    async with supabase.side_session() as session:
        await session.execute(update(AuthToken).values(values))


async def test_token_opens_its_account_once(supabase: Supabase) -> None:
    account = await add_account(supabase)
    plain = await create(supabase, account.id)

    assert await consume(supabase, plain) == account.id
    assert await consume(supabase, plain) is None


async def test_of_twenty_at_once_one_uses_a_token(supabase: Supabase) -> None:
    account = await add_account(supabase)
    plain = await create(supabase, account.id)
    outcomes = await asyncio.gather(*(consume(supabase, plain) for _ in range(20)))

    assert outcomes.count(account.id) == 1
    assert outcomes.count(None) == 19


async def test_use_that_is_rolled_back_did_not_happen(supabase: Supabase) -> None:
    account = await add_account(supabase)
    plain = await create(supabase, account.id)
    async with supabase.session(Caller.anonymous()) as session:
        await AuthTokenService(AuthTokenRepository(session)).consume(plain, RESET)
        await session.rollback()

    assert await consume(supabase, plain) == account.id


async def test_token_of_another_type_opens_nothing(supabase: Supabase) -> None:
    account = await add_account(supabase)
    plain = await create(supabase, account.id, VERIFY)

    assert await consume(supabase, plain, RESET) is None
    assert await consume(supabase, plain, VERIFY) == account.id


async def test_expired_token_opens_nothing(supabase: Supabase) -> None:
    account = await add_account(supabase)
    plain = await create(supabase, account.id)
    await change(supabase, expires_at=datetime.now(UTC) - timedelta(seconds=1))

    assert await consume(supabase, plain) is None


async def test_newer_token_voids_the_earlier_one(supabase: Supabase) -> None:
    account = await add_account(supabase)
    earlier = await create(supabase, account.id)
    later = await create(supabase, account.id)

    assert await consume(supabase, earlier) is None
    assert await consume(supabase, later) == account.id


async def test_newer_token_leaves_other_types_alone(supabase: Supabase) -> None:
    account = await add_account(supabase)
    verification = await create(supabase, account.id, VERIFY)
    await create(supabase, account.id, RESET)

    assert await consume(supabase, verification, VERIFY) == account.id


async def test_only_the_hash_is_stored(supabase: Supabase) -> None:
    account = await add_account(supabase)
    plain = await create(supabase, account.id)
    async with supabase.side_session() as session:
        row = (await session.scalars(select(AuthToken))).one()

    assert row.token_hash == hashlib.sha256(plain.encode()).hexdigest()
    assert len(plain) >= 43


@pytest.mark.parametrize(("kind", "hours"), [(RESET, 1), (VERIFY, 24)])
async def test_lifetime(supabase: Supabase, kind: AuthTokenType, hours: int) -> None:
    account = await add_account(supabase)
    await create(supabase, account.id, kind)
    async with supabase.side_session() as session:
        row = (await session.scalars(select(AuthToken))).one()

    assert row.expires_at - row.created_at == timedelta(hours=hours)


async def test_a_new_token_clears_away_long_expired_ones_only(supabase: Supabase) -> None:
    account, other = await add_account(supabase), await add_account(supabase)
    await create(supabase, other.id, RESET)
    await change(supabase, expires_at=datetime.now(UTC) - timedelta(days=8))
    await create(supabase, account.id, VERIFY)
    await create(supabase, account.id, RESET)
    async with supabase.side_session() as session:
        left = set(await session.scalars(select(AuthToken.token_type).where(AuthToken.user_id == account.id)))
        long_expired = (await session.scalars(select(AuthToken).where(AuthToken.user_id == other.id))).all()

    assert (left, long_expired) == ({"email_verification", "password_reset"}, [])


async def test_cleanup_counts_what_it_deletes(supabase: Supabase) -> None:
    account = await add_account(supabase)
    await create(supabase, account.id, RESET)
    await change(supabase, expires_at=datetime.now(UTC) - timedelta(days=8))
    async with supabase.session(Caller.service()) as session, session.begin():
        tokens = AuthTokenService(AuthTokenRepository(session))
        assert [await tokens.cleanup_expired(), await tokens.cleanup_expired()] == [1, 0]
