"""Single-use tokens that are sent by mail."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from backend.db.repositories.auth_tokens import AuthTokenRepository
from backend.db.tables.identity import AuthTokenType

LIFETIMES: Final = {
    AuthTokenType.PASSWORD_RESET: timedelta(hours=1),
    AuthTokenType.EMAIL_VERIFICATION: timedelta(hours=24),
}


class AuthTokenService:
    """Make and use emailed tokens. Only their hashes are stored; the plain token is for the mail alone."""

    def __init__(self, tokens: AuthTokenRepository) -> None:
        self._tokens = tokens

    async def create_password_reset(self, user_id: UUID) -> str:
        """Make a token that sets another password within an hour, and void earlier ones."""
        return await self._create(user_id, AuthTokenType.PASSWORD_RESET)

    async def create_email_verification(self, user_id: UUID) -> str:
        """Make a token that confirms the email within a day, and void earlier ones."""
        return await self._create(user_id, AuthTokenType.EMAIL_VERIFICATION)

    async def find(self, plain: str, token_type: AuthTokenType) -> UUID | None:
        """Tell whose token this is if it could be used now, without using it."""
        return await self._tokens.find_usable(_hash(plain), token_type)

    async def consume(self, plain: str, token_type: AuthTokenType) -> UUID | None:
        """Use a token and give its user, or None if it is unknown, of another type, used or too old.

        The use is part of the caller's transaction: if what the token was for fails, the token is unused again.
        """
        return await self._tokens.consume(_hash(plain), token_type)

    async def void(self, user_id: UUID, token_type: AuthTokenType) -> None:
        """Void what was sent to a user and not used."""
        await self._tokens.void(user_id, token_type)

    async def cleanup_expired(self) -> int:
        """Delete tokens that expired more than a week ago and count them; each new token does this in passing."""
        return await self._tokens.delete_expired(datetime.now(UTC) - timedelta(days=7))

    async def _create(self, user_id: UUID, token_type: AuthTokenType) -> str:
        plain = secrets.token_urlsafe(32)
        await self.cleanup_expired()
        await self._tokens.replace(user_id, token_type, _hash(plain), LIFETIMES[token_type])
        return plain


def _hash(plain: str) -> str:
    return hashlib.sha256(plain.encode()).hexdigest()
