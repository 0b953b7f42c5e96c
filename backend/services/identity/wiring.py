"""Register accounts, sessions and what guards them."""

from backend.db.repositories.audit_events import AuditRepository
from backend.db.repositories.auth_tokens import AuthTokenRepository
from backend.db.repositories.user_identities import UserIdentityRepository
from backend.db.repositories.users import UserRepository
from backend.services.background import BackgroundWork, open_background_work
from backend.services.identity.access import AccessVerifier
from backend.services.identity.account_mails import AccountMails
from backend.services.identity.account_service import AccountService
from backend.services.identity.audit_service import AuditService
from backend.services.identity.auth_service import AuthService
from backend.services.identity.auth_token_service import AuthTokenService
from backend.services.identity.csrf import CsrfTokens
from backend.services.identity.jwt_service import JWTService
from backend.services.identity.oauth_flows import OAuthFlowStore
from backend.services.identity.oauth_service import OAuthService
from backend.services.identity.password_resets import PasswordResets
from backend.services.identity.password_service import PasswordService, open_password_service
from backend.services.identity.rate_limit_service import RateLimitService
from backend.services.identity.session_service import SessionService
from backend.services.identity.token_store import TokenStore
from di import Container


def register(container: Container) -> None:
    """Share what is pure or wraps Redis; work on rows in the unit of work's own transaction."""
    container.singleton(BackgroundWork, open_background_work)
    container.singleton(PasswordService, open_password_service)
    container.singleton(JWTService)
    container.singleton(CsrfTokens)
    container.singleton(TokenStore)
    container.singleton(RateLimitService)
    container.singleton(AccessVerifier)
    container.singleton(AccountMails)
    container.singleton(PasswordResets)
    container.singleton(OAuthFlowStore)
    container.scoped(UserRepository)
    container.scoped(UserIdentityRepository)
    container.scoped(AuthTokenRepository)
    container.scoped(AuditRepository)
    container.scoped(AuditService)
    container.scoped(AuthTokenService)
    container.scoped(SessionService)
    container.scoped(AuthService)
    container.scoped(AccountService)
    container.scoped(OAuthService)
