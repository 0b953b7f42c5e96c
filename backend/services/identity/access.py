"""Whether an access token still speaks for somebody."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from backend.clients.supabase import Supabase
from backend.db.repositories.users import Account, UserRepository
from backend.db.tables.identity import AccountRole, Tier
from backend.services.identity.errors import SessionsUnavailable, TokenRevoked, UserGone
from backend.services.identity.jwt_service import AccessClaims, JWTService
from backend.services.identity.token_store import TokenStore

KEPT_SECONDS: Final = 60
"""How long an account's tier and role are taken from Redis before they are read again."""


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """Say who makes a request, as the database knows him now, and when he last proved it."""

    id: UUID
    email: str
    tier: Tier
    role: AccountRole
    session_id: UUID
    authenticated_at: datetime

    @property
    def is_admin(self) -> bool:
        """Tell whether he may do what administrators do."""
        return self.role is AccountRole.ADMIN


@dataclass(frozen=True, slots=True)
class _Known:
    email: str
    tier: Tier
    role: AccountRole
    token_version: int

    @classmethod
    def of(cls, account: Account) -> Self:
        return cls(account.email, account.subscription_tier, account.role, account.token_version)

    @classmethod
    def load(cls, text: str) -> Self:
        email, tier, role, version = json.loads(text)
        return cls(email, Tier(tier), AccountRole(role), version)

    def dump(self) -> str:
        return json.dumps([self.email, self.tier, self.role, self.token_version])


class AccessVerifier:
    """Check access tokens against what changed since they were signed.

    One round trip to Redis tells whether the session lives and what the account is; the database is asked once
    a minute per user. Without Redis the database alone decides: a changed password or a deleted account still
    voids a token, a single ended session does not until the token's own short end.
    """

    def __init__(self, jwt: JWTService, tokens: TokenStore, supabase: Supabase) -> None:
        self._jwt = jwt
        self._tokens = tokens
        self._supabase = supabase

    async def verify(self, access_token: str) -> CurrentUser:
        """Say who a token speaks for; raises `TokenExpired`, `TokenInvalid`, `TokenRevoked` or `UserGone`."""
        claims = self._jwt.decode_access(access_token)
        known = await self._known(claims)
        if known.token_version != claims.token_version:
            raise TokenRevoked
        return CurrentUser(
            claims.user_id, known.email, known.tier, known.role, claims.session_id, claims.authenticated_at
        )

    async def forget(self, user_id: UUID) -> None:
        """Let the next request read the account anew."""
        await self._tokens.forget_account(user_id)

    async def _known(self, claims: AccessClaims) -> _Known:
        try:
            lookup = await self._tokens.look_up(claims.user_id, claims.session_id)
            if not lookup.live:
                raise TokenRevoked
            if lookup.account is not None:
                return _Known.load(lookup.account)
            known = await self._read(claims.user_id)
            await self._tokens.keep_account(claims.user_id, known.dump(), KEPT_SECONDS)
        except SessionsUnavailable:
            return await self._read(claims.user_id)
        return known

    async def _read(self, user_id: UUID) -> _Known:
        async with self._supabase.side_session() as session:
            account = await UserRepository(session).get(user_id)
        if account is None:
            raise UserGone
        return _Known.of(account)
