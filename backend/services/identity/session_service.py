"""Opening, prolonging and ending sessions."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4, uuid5

from backend.context import RequestContext
from backend.db.repositories.users import Account, UserRepository
from backend.services.identity.errors import SessionNotFound, TokenRevoked, UserGone
from backend.services.identity.jwt_service import JWTService, RefreshClaims
from backend.services.identity.rate_limit_service import RateLimitService
from backend.services.identity.rate_limits import TOKEN_REFRESH
from backend.services.identity.token_store import CurrentToken, NewSession, SessionRecord, TokenStore
from backend.settings import Settings


@dataclass(frozen=True, slots=True)
class TokenPair:
    """Hold what a client needs to speak as a user, and until when."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    refresh_expires_at: datetime
    session_id: UUID
    user_id: UUID
    remember_me: bool


class SessionService:
    """Give out token pairs.

    A session is a family of refresh tokens. Its id is in both tokens of every pair, so that ending it ends both.
    """

    def __init__(
        self,
        users: UserRepository,
        jwt: JWTService,
        tokens: TokenStore,
        limits: RateLimitService,
        context: RequestContext,
        settings: Settings,
    ) -> None:
        self._users = users
        self._jwt = jwt
        self._tokens = tokens
        self._limits = limits
        self._context = context
        self._lifetime = timedelta(hours=settings.session_hours)
        self._remembered_lifetime = timedelta(days=settings.refresh_token_days)
        self._longest = timedelta(days=settings.session_max_days)

    async def open(self, account: Account, *, remember_me: bool) -> TokenPair:
        """Open a session; raises `SessionsUnavailable` rather than give out tokens that cannot be ended."""
        lifetime = self._remembered_lifetime if remember_me else self._lifetime
        session = NewSession(
            id=uuid4(),
            user_id=account.id,
            jti=uuid4(),
            opened_at=datetime.now(UTC),
            lifetime=int(lifetime.total_seconds()),
            longest=int(self._longest.total_seconds()),
            remember_me=remember_me,
            ip=self._context.ip,
            user_agent=self._context.user_agent,
        )
        return self._pair(account, session.id, await self._tokens.register(session))

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Exchange a refresh token for the next pair.

        Whoever repeats a refresh within seconds, a second tab or a client whose answer was lost, gets the very
        same pair. A later replay ends the session.
        """
        claims = self._jwt.decode_refresh(refresh_token)
        await self._limits.hit(TOKEN_REFRESH, str(claims.user_id))
        account = await self._users.get(claims.user_id)
        if account is None or account.token_version != claims.token_version:
            await self._tokens.invalidate(claims.user_id, claims.session_id)
            raise UserGone if account is None else TokenRevoked
        current = await self._tokens.use(
            claims.user_id,
            claims.session_id,
            claims.jti,
            successor=uuid4(),
            now=datetime.now(UTC),
            ip=self._context.ip,
        )
        return self._pair(account, claims.session_id, current)

    def read_refresh(self, refresh_token: str) -> RefreshClaims:
        """Read a refresh token of ours, expired or not; raises `TokenInvalid`."""
        return self._jwt.peek_refresh(refresh_token)

    async def end(self, user_id: UUID, session_id: UUID) -> bool:
        """End one session; False if it had ended."""
        return await self._tokens.invalidate(user_id, session_id)

    async def end_own(self, user_id: UUID, session_id: UUID) -> None:
        """End one of a user's sessions; raises `SessionNotFound` if he has no such live one."""
        if not await self._tokens.invalidate(user_id, session_id):
            raise SessionNotFound(session_id)

    async def end_all(self, user_id: UUID, *, keep: UUID | None = None) -> int:
        """End all sessions of a user, or all but one, and count them."""
        return await self._tokens.invalidate_all(user_id, keep=keep)

    async def list(self, user_id: UUID) -> list[SessionRecord]:
        """List a user's live sessions, the last used first."""
        return await self._tokens.sessions(user_id)

    async def is_remembered(self, user_id: UUID, session_id: UUID) -> bool:
        """Tell whether a session was opened with remember-me."""
        return any(record.id == session_id and record.remember_me for record in await self._tokens.sessions(user_id))

    def _pair(self, account: Account, session_id: UUID, current: CurrentToken) -> TokenPair:
        access_token, expires_at = self._jwt.create_access(
            account.id,
            account.subscription_tier,
            account.email,
            session_id=session_id,
            token_version=account.token_version,
            authenticated_at=current.opened_at,
            jti=uuid5(session_id, str(current.jti)),
            issued_at=current.issued_at,
        )
        refresh_token = self._jwt.create_refresh(
            account.id,
            session_id=session_id,
            token_version=account.token_version,
            expires_at=current.expires_at,
            jti=current.jti,
            issued_at=current.issued_at,
        )
        return TokenPair(
            access_token,
            refresh_token,
            expires_at,
            current.expires_at,
            session_id,
            account.id,
            current.remember_me,
        )
