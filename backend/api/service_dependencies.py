"""What routes may ask for, one line per service."""

from typing import Annotated

from backend.api.deps import deps
from backend.api.oauth_cookies import OAuthCookies
from backend.api.oauth_landing import OAuthLanding
from backend.api.session_cookies import SessionCookies
from backend.context import RequestContext
from backend.services.analytics.analytics_service import AnalyticsService
from backend.services.branding.brand_kit_service import BrandKitService
from backend.services.branding.logo_service import LogoService
from backend.services.generation.asset_service import AssetService
from backend.services.generation.canvas_snapshots import CanvasSnapshots
from backend.services.generation.generation_service import GenerationService
from backend.services.generation.job_stream import JobStream
from backend.services.generation.quick_create_service import QuickCreateService
from backend.services.identity.account_service import AccountService
from backend.services.identity.audit_service import AuditService
from backend.services.identity.auth_service import AuthService
from backend.services.identity.oauth_service import OAuthService
from backend.services.identity.password_resets import PasswordResets
from backend.services.storage.storage_service import StorageService
from backend.services.usage.usage_limit_service import UsageLimitService

AnalyticsServiceDep = Annotated[AnalyticsService, deps.depends(AnalyticsService)]
AssetServiceDep = Annotated[AssetService, deps.depends(AssetService)]
BrandKitServiceDep = Annotated[BrandKitService, deps.depends(BrandKitService)]
CanvasSnapshotsDep = Annotated[CanvasSnapshots, deps.depends(CanvasSnapshots)]
GenerationServiceDep = Annotated[GenerationService, deps.depends(GenerationService)]
JobStreamDep = Annotated[JobStream, deps.depends(JobStream)]
LogoServiceDep = Annotated[LogoService, deps.depends(LogoService)]
QuickCreateServiceDep = Annotated[QuickCreateService, deps.depends(QuickCreateService)]
StorageServiceDep = Annotated[StorageService, deps.depends(StorageService)]
AuthServiceDep = Annotated[AuthService, deps.depends(AuthService)]
AccountServiceDep = Annotated[AccountService, deps.depends(AccountService)]
AuditServiceDep = Annotated[AuditService, deps.depends(AuditService)]
OAuthServiceDep = Annotated[OAuthService, deps.depends(OAuthService)]
OAuthCookiesDep = Annotated[OAuthCookies, deps.depends(OAuthCookies)]
OAuthLandingDep = Annotated[OAuthLanding, deps.depends(OAuthLanding)]
PasswordResetsDep = Annotated[PasswordResets, deps.depends(PasswordResets)]
RequestContextDep = Annotated[RequestContext, deps.depends(RequestContext)]
SessionCookiesDep = Annotated[SessionCookies, deps.depends(SessionCookies)]
UsageLimitServiceDep = Annotated[UsageLimitService, deps.depends(UsageLimitService)]
