"""What the owner of an account does with it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NoReturn
from uuid import UUID

from backend.db.after_commit import AfterCommit
from backend.db.repositories.user_identities import UserIdentityRepository
from backend.db.repositories.users import Account, Credentials, UserRepository
from backend.db.tables.identity import AuthTokenType
from backend.services.identity.access import AccessVerifier, CurrentUser
from backend.services.identity.account_mails import AccountMails
from backend.services.identity.audit_events import AuditEvent
from backend.services.identity.audit_service import AuditService
from backend.services.identity.auth_token_service import AuthTokenService
from backend.services.identity.errors import (
    LinkInvalid,
    ReauthenticationRequired,
    UserNotFound,
    WrongPassword,
)
from backend.services.identity.password_service import PasswordService, require_strong
from backend.services.identity.rate_limit_service import RateLimitService
from backend.services.identity.rate_limits import PASSWORD_CHECKS
from backend.services.identity.session_service import SessionService, TokenPair
from backend.settings import Settings


@dataclass(frozen=True, slots=True)
class ProfileChanges:
    """Name the fields to write; a field that is not in `given` stays."""

    given: frozenset[str]
    display_name: str | None = None
    avatar_url: str | None = None


class AccountService:
    """Change, confirm and delete accounts.

    Grave steps need the current password. An account without one is confirmed by a login through its provider
    a few minutes ago: the session at hand says when its owner last proved himself.
    """

    def __init__(
        self,
        users: UserRepository,
        identities: UserIdentityRepository,
        passwords: PasswordService,
        sessions: SessionService,
        auth_tokens: AuthTokenService,
        access: AccessVerifier,
        limits: RateLimitService,
        audit: AuditService,
        mails: AccountMails,
        after_commit: AfterCommit,
        settings: Settings,
    ) -> None:
        self._users = users
        self._identities = identities
        self._passwords = passwords
        self._sessions = sessions
        self._auth_tokens = auth_tokens
        self._access = access
        self._limits = limits
        self._audit = audit
        self._mails = mails
        self._after_commit = after_commit
        self._recent = timedelta(minutes=settings.reauthentication_minutes)

    async def update_profile(self, user_id: UUID, changes: ProfileChanges) -> Account:
        """Write the given fields; None takes the picture away."""
        values = {name: getattr(changes, name) for name in changes.given}
        account = await self._users.update_profile(user_id, values)
        if account is None:
            raise UserNotFound(user_id)
        await self._audit.record(AuditEvent.PROFILE_UPDATE, user_id=user_id, metadata={"fields": sorted(changes.given)})
        return account

    async def change_password(self, user: CurrentUser, current: str | None, new: str) -> TokenPair:
        """Set another password, end every session and open a new one for the caller.

        Sessions end first: if they cannot be ended, the password stays as it is.
        """
        credentials = await self._confirmed(user, current, AuditEvent.PASSWORD_CHANGE)
        require_strong(new, "new_password")
        password_hash = await self._passwords.hash(new)
        remember_me = await self._sessions.is_remembered(user.id, user.session_id)
        account = await self._replace_password(credentials.account, password_hash)
        await self._audit.record(AuditEvent.PASSWORD_CHANGE, user_id=user.id, email=account.email)
        return await self._sessions.open(account, remember_me=remember_me)

    async def reset_password(self, token: str, new: str) -> None:
        """Set another password by an emailed token, which works once, and end every session."""
        require_strong(new, "new_password")
        kind = AuthTokenType.PASSWORD_RESET
        user_id = await self._auth_tokens.find(token, kind)
        if user_id is None:
            await self._refuse_link(AuditEvent.PASSWORD_RESET_COMPLETE)
        password_hash = await self._passwords.hash(new)
        # The account is locked before the token, as everywhere, so that two steps on one account cannot deadlock.
        credentials = await self._users.credentials(user_id)
        if credentials is None or await self._auth_tokens.consume(token, kind) is None:
            await self._refuse_link(AuditEvent.PASSWORD_RESET_COMPLETE)
        account = await self._replace_password(credentials.account, password_hash)
        await self._users.verify_email(account.id)
        await self._audit.record(AuditEvent.PASSWORD_RESET_COMPLETE, user_id=account.id, email=account.email)

    async def request_verification(self, user_id: UUID) -> None:
        """Mail a link that confirms the email, unless it is confirmed."""
        account = await self._users.get(user_id)
        if account is None:
            raise UserNotFound(user_id)
        if account.email_verified:
            return
        token = await self._auth_tokens.create_email_verification(user_id)
        self._after_commit.do(partial(self._mails.send_verification, account.email, token))
        await self._audit.record(AuditEvent.EMAIL_VERIFICATION_REQUEST, user_id=user_id, email=account.email)

    async def verify_email(self, token: str) -> None:
        """Note that an email belongs to its account by an emailed token, which works once."""
        user_id = await self._auth_tokens.consume(token, AuthTokenType.EMAIL_VERIFICATION)
        if user_id is None or not await self._users.verify_email(user_id):
            await self._refuse_link(AuditEvent.EMAIL_VERIFICATION)
        await self._audit.record(AuditEvent.EMAIL_VERIFICATION, user_id=user_id)

    async def delete_account(self, user: CurrentUser, password: str | None) -> None:
        """Delete an account with everything that hangs on it, and end its sessions."""
        credentials = await self._confirmed(user, password, AuditEvent.ACCOUNT_DELETED)
        await self._sessions.end_all(user.id)
        await self._users.delete(user.id)
        self._after_commit.do(partial(self._access.forget, user.id))
        self._after_commit.do(partial(self._mails.send_account_deleted, credentials.account.email))
        await self._audit.record(AuditEvent.ACCOUNT_DELETED, user_id=user.id, email=credentials.account.email)

    async def _confirmed(self, user: CurrentUser, password: str | None, step: AuditEvent) -> Credentials:
        credentials = await self._users.credentials(user.id)
        if credentials is None:
            raise UserNotFound(user.id)
        if credentials.password_hash is None:
            await self._require_recent_login(user, step)
            return credentials
        hit = await self._limits.hit(PASSWORD_CHECKS, str(user.id))
        verification = await self._passwords.verify(password or "", credentials.password_hash)
        if not verification.matches:
            await self._refused(user, step, "wrong password")
            raise WrongPassword
        await self._limits.forget(hit)
        return credentials

    async def _require_recent_login(self, user: CurrentUser, step: AuditEvent) -> None:
        if datetime.now(UTC) - user.authenticated_at <= self._recent:
            return
        providers = [identity.provider for identity in await self._identities.of(user.id)]
        await self._refused(user, step, "login too long ago")
        raise ReauthenticationRequired(providers, int(self._recent.total_seconds()))

    async def _replace_password(self, account: Account, password_hash: str) -> Account:
        await self._sessions.end_all(account.id)
        await self._users.set_password(account.id, password_hash)
        await self._auth_tokens.void(account.id, AuthTokenType.PASSWORD_RESET)
        self._after_commit.do(partial(self._access.forget, account.id))
        self._after_commit.do(partial(self._mails.send_password_changed, account.email))
        changed = await self._users.get(account.id)
        if changed is None:
            raise UserNotFound(account.id)
        return changed

    async def _refused(self, user: CurrentUser, step: AuditEvent, reason: str) -> None:
        await self._audit.record(step, user_id=user.id, email=user.email, success=False, failure_reason=reason)

    async def _refuse_link(self, step: AuditEvent) -> NoReturn:
        await self._audit.record(step, success=False, failure_reason="link not valid")
        raise LinkInvalid
