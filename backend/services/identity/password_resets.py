"""Asking for a link that sets another password."""

import hashlib
from functools import partial

from backend.clients.supabase import Supabase
from backend.context import RequestContext
from backend.db.repositories.audit_events import AuditRepository
from backend.db.repositories.auth_tokens import AuthTokenRepository
from backend.db.repositories.users import UserRepository
from backend.services.background import BackgroundWork
from backend.services.identity.account_mails import AccountMails
from backend.services.identity.audit_events import AuditEvent
from backend.services.identity.audit_service import AuditService
from backend.services.identity.auth_service import normalize_email
from backend.services.identity.auth_token_service import AuthTokenService
from backend.services.identity.rate_limit_service import RateLimitService
from backend.services.identity.rate_limits import PASSWORD_RESET_REQUESTS


class PasswordResets:
    """Answer at once and do the work afterwards.

    Whether an email has an account shows neither in the answer nor in the time it takes, because nothing is
    looked up before the answer.
    """

    def __init__(
        self, supabase: Supabase, background: BackgroundWork, mails: AccountMails, limits: RateLimitService
    ) -> None:
        self._limits = limits
        self._supabase = supabase
        self._background = background
        self._mails = mails

    async def request(self, email: str, context: RequestContext) -> None:
        """Send a link to an email if it has an account; raises `RateLimited` after three in an hour."""
        email = normalize_email(email)
        await self._limits.hit(PASSWORD_RESET_REQUESTS, hashlib.sha256(email.encode()).hexdigest()[:32])
        self._background.submit("password reset", partial(self._work, email, context))

    async def _work(self, email: str, context: RequestContext) -> None:
        async with self._supabase.side_session() as session:
            audit = AuditService(AuditRepository(session), self._supabase, context)
            account = await UserRepository(session).get_by_email(email)
            token = None
            if account is not None:
                token = await AuthTokenService(AuthTokenRepository(session)).create_password_reset(account.id)
                await audit.record(AuditEvent.PASSWORD_RESET_REQUEST, user_id=account.id, email=email)
        if token is not None:
            await self._mails.send_password_reset(email, token)
        else:
            await audit.record(
                AuditEvent.PASSWORD_RESET_REQUEST, email=email, success=False, failure_reason="unknown email"
            )
