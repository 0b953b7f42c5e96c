"""Signing up, logging in, staying logged in, logging out."""

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from backend.clients.supabase import Supabase
from backend.context import RequestContext
from backend.db.after_commit import AfterCommit
from backend.db.repositories.users import Account, NewAccount, UserRepository
from backend.errors import DomainError, RateLimited, Unavailable
from backend.services.identity.account_mails import AccountMails
from backend.services.identity.audit_events import AuditEvent
from backend.services.identity.audit_service import AuditService
from backend.services.identity.auth_token_service import AuthTokenService
from backend.services.identity.errors import (
    EmailTaken,
    InvalidCredentials,
    TermsNotAccepted,
    UserNotFound,
)
from backend.services.identity.password_service import PasswordService, require_strong
from backend.services.identity.rate_limit_service import Hit, RateLimitService
from backend.services.identity.rate_limits import (
    AUDITED_REFUSALS,
    LOGIN_ATTEMPTS,
    LOGIN_ATTEMPTS_IP,
    SIGNUP_ATTEMPTS,
    Limit,
)
from backend.services.identity.session_service import SessionService, TokenPair
from backend.services.identity.token_store import ReuseDetected, SessionRecord

NOBODY: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Signup:
    """Hold what a person says when asking for an account."""

    email: str
    password: str
    display_name: str
    accept_terms: bool
    terms_version: str = "1.0.0"
    privacy_version: str = "1.0.0"


class AuthService:
    """Know who somebody is. Every outcome is on the audit trail."""

    def __init__(
        self,
        users: UserRepository,
        passwords: PasswordService,
        sessions: SessionService,
        auth_tokens: AuthTokenService,
        limits: RateLimitService,
        audit: AuditService,
        mails: AccountMails,
        after_commit: AfterCommit,
        supabase: Supabase,
        context: RequestContext,
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._sessions = sessions
        self._auth_tokens = auth_tokens
        self._limits = limits
        self._audit = audit
        self._mails = mails
        self._after_commit = after_commit
        self._supabase = supabase
        self._context = context

    async def signup(self, signup: Signup) -> Account:
        """Make an account and mail a link that confirms its email; does not log in."""
        if not signup.accept_terms:
            raise TermsNotAccepted
        require_strong(signup.password, "password")
        email = normalize_email(signup.email)
        await self._hit(SIGNUP_ATTEMPTS, self._context.ip or NOBODY, AuditEvent.RATE_LIMIT_EXCEEDED, email)
        new = NewAccount(
            email=email,
            display_name=signup.display_name.strip(),
            password_hash=await self._passwords.hash(signup.password),
            terms_version=signup.terms_version,
            privacy_version=signup.privacy_version,
        )
        account = await self._users.create(new, ip=self._context.ip, user_agent=self._context.user_agent)
        if account is None:
            await self._audit.record(AuditEvent.SIGNUP_FAILED, email=email, success=False, failure_reason="email taken")
            raise EmailTaken(email)
        token = await self._auth_tokens.create_email_verification(account.id)
        self._after_commit.do(partial(self._mails.send_verification, email, token))
        await self._audit.record(AuditEvent.SIGNUP_SUCCESS, user_id=account.id, email=email)
        return account

    async def login(self, email: str, password: str, *, remember_me: bool = False) -> tuple[TokenPair, Account]:
        """Open a session for whoever knows an account's password.

        Unknown email and wrong password are alike, in answer and in time. Attempts are counted before the
        password is looked at and taken back when it is right, so that parallel guesses count as well.
        """
        email = normalize_email(email)
        hits = await self._count_attempt(email)
        try:
            account = await self._check_password(email, password)
        except Unavailable:
            await self._take_back(hits)  # it was no guess
            raise
        pair = await self.issue_session(account, remember_me=remember_me)
        await self._forgive(hits)
        await self._audit.record(AuditEvent.LOGIN_SUCCESS, user_id=pair.user_id, email=email)
        return pair, account

    async def issue_session(self, account: Account, *, remember_me: bool) -> TokenPair:
        """Open a session for an account whose owner has proved himself, whichever way."""
        if not await self._users.record_login(account.id):
            raise InvalidCredentials
        return await self._sessions.open(account, remember_me=remember_me)

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Exchange a refresh token for the next pair; see `SessionService.refresh`."""
        try:
            pair = await self._sessions.refresh(refresh_token)
        except ReuseDetected as reuse:
            await self._audit.record(
                AuditEvent.SUSPICIOUS_ACTIVITY,
                user_id=reuse.user_id,
                success=False,
                failure_reason="refresh token replayed",
                metadata={"family": str(reuse.session_id)},
            )
            raise
        except DomainError as error:
            if error.status == 401:
                await self._audit.record(AuditEvent.TOKEN_REFRESH_FAILED, success=False, failure_reason=error.code)
            raise
        await self._audit.record(AuditEvent.TOKEN_REFRESH, user_id=pair.user_id)
        return pair

    async def logout(self, user_id: UUID, session_id: UUID, refresh_token: str | None = None) -> None:
        """End the session at hand, and that of a refresh token of the same user if one is given."""
        named = None if refresh_token is None else self._sessions.read_refresh(refresh_token)
        await self._sessions.end(user_id, session_id)
        if named is not None and named.user_id == user_id:
            await self._sessions.end(user_id, named.session_id)
        await self._audit.record(AuditEvent.LOGOUT, user_id=user_id)

    async def logout_all(self, user_id: UUID, *, keep: UUID | None = None) -> int:
        """End every session of a user, or every other one, and count them."""
        count = await self._sessions.end_all(user_id, keep=keep)
        await self._audit.record(AuditEvent.LOGOUT, user_id=user_id, metadata={"ended": count})
        return count

    async def sessions(self, user_id: UUID) -> list[SessionRecord]:
        """List a user's live sessions, the last used first."""
        return await self._sessions.list(user_id)

    async def end_session(self, user_id: UUID, session_id: UUID) -> None:
        """End one of a user's own sessions."""
        await self._sessions.end_own(user_id, session_id)
        await self._audit.record(AuditEvent.SESSION_REVOKED, user_id=user_id)

    async def get_user(self, user_id: UUID) -> Account:
        """Read an account; raises `UserNotFound`."""
        account = await self._users.get(user_id)
        if account is None:
            raise UserNotFound(user_id)
        return account

    async def get_user_by_email(self, email: str) -> Account | None:
        """Read the account of an email."""
        return await self._users.get_by_email(normalize_email(email))

    async def verify_password(self, user_id: UUID, password: str) -> bool:
        """Tell whether a password is that of an account."""
        credentials = await self._users.credentials(user_id)
        verification = await self._passwords.verify(password, credentials.password_hash if credentials else None)
        return verification.matches

    async def _check_password(self, email: str, password: str) -> Account:
        # A transaction of its own: the main pool's connections are not held while a password waits to be hashed.
        async with self._supabase.side_session() as session:
            credentials = await UserRepository(session).credentials_by_email(email)
        verification = await self._passwords.verify(password, credentials.password_hash if credentials else None)
        if credentials is None or credentials.password_hash is None or not verification.matches:
            known = credentials.account.id if credentials else None
            await self._audit.record(
                AuditEvent.LOGIN_FAILED, user_id=known, email=email, success=False, failure_reason="wrong credentials"
            )
            raise InvalidCredentials
        if verification.new_hash is not None:
            await self._users.replace_hash(credentials.account.id, credentials.password_hash, verification.new_hash)
        return credentials.account

    async def _count_attempt(self, email: str) -> tuple[Hit, Hit]:
        address = self._context.ip or NOBODY
        by_address = await self._hit(LOGIN_ATTEMPTS_IP, address, AuditEvent.ACCOUNT_LOCKED, email)
        try:
            by_email = await self._hit(LOGIN_ATTEMPTS, _email_at(email, address), AuditEvent.ACCOUNT_LOCKED, email)
        except RateLimited:
            await self._limits.forget(by_address)
            raise
        return by_address, by_email

    async def _hit(self, limit: Limit, identifier: str, event: AuditEvent, email: str) -> Hit:
        try:
            return await self._limits.hit(limit, identifier)
        except RateLimited:
            # A row for every refused attempt would let anybody fill the table.
            if (await self._limits.attempt(AUDITED_REFUSALS, f"{limit.key}:{identifier}")).accepted:
                await self._audit.record(event, email=email, success=False, failure_reason=limit.key)
            raise

    async def _take_back(self, hits: tuple[Hit, Hit]) -> None:
        for hit in hits:
            await self._limits.forget(hit)

    async def _forgive(self, hits: tuple[Hit, Hit]) -> None:
        by_address, by_email = hits
        await self._limits.forget(by_address)
        await self._limits.reset(LOGIN_ATTEMPTS, by_email.identifier)


def normalize_email(email: str) -> str:
    """Write an email the one way it is stored and compared."""
    return email.strip().lower()


def _email_at(email: str, address: str) -> str:
    return hashlib.sha256(f"{email}\n{address}".encode()).hexdigest()[:32]
