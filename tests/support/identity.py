"""Accounts straight in the database, for tests below the routes."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import update

from backend.clients.supabase import Supabase
from backend.db.repositories.users import Account, NewAccount, UserRepository
from backend.db.tables.identity import Tier, User


async def add_account(supabase: Supabase, *, tier: Tier = Tier.FREE, **values: Any) -> Account:
    """Insert an account, as a committed row."""
    new = NewAccount(**({"email": f"{uuid4()}@example.com", "display_name": "Someone"} | values))
    async with supabase.side_session() as session:
        users = UserRepository(session)
        account = await users.create(new)
        assert account is not None
    await set_tier(supabase, account.id, tier)
    return account


async def set_tier(supabase: Supabase, user_id: UUID, tier: Tier) -> None:
    """Change what an account may use."""
    await change_user(supabase, user_id, subscription_tier=tier)


async def change_user(supabase: Supabase, user_id: UUID, **values: Any) -> None:
    """Write columns of an account."""
    async with supabase.side_session() as session:
        await session.execute(update(User).where(User.id == user_id).values(values))
