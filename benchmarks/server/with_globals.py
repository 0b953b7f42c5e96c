"""AuraStream's read and write route of brand kits without injection: clients are module globals, the rest is by hand.

Middleware, error handlers, authentication, limits, services and all other routes, which are in the same order, are the
application's own; what differs is how a request gets its services, and there is no scope: the session is opened in the
route and committed before it returns.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Response, Security
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import BaseRoute

from backend.api import health
from backend.api.authentication import Authentication, authenticate, bearer_scheme, caller_of, cookie_scheme
from backend.api.client_address import TrustedProxies
from backend.api.errors import install_error_handlers
from backend.api.main import COUNTED, PREFIX, TITLE, add_middleware
from backend.api.metrics import HttpMetrics, metrics_router
from backend.api.openapi import operation_id
from backend.api.rate_limits import RequestLimits, limit_requests
from backend.api.routes import brand_kits
from backend.api.schemas.brand_kits import BrandKitResponse, BrandKitUpdate
from backend.api.telemetry import telemetry_config
from backend.api.wiring import describe_request
from backend.clients.supabase import Supabase
from backend.container import build_container
from backend.db.repositories.audit_events import AuditRepository
from backend.db.repositories.brand_kits import BrandKitRepository
from backend.db.session import DatabaseSession
from backend.services.branding.brand_kit_service import BrandKitService
from backend.services.identity.access import AccessVerifier, CurrentUser
from backend.services.identity.audit_service import AuditService
from backend.services.identity.csrf import CsrfTokens
from backend.services.identity.errors import AuthRequired
from backend.services.identity.rate_limit_service import RateLimitService
from backend.settings import Settings

USED = (AccessVerifier, CsrfTokens, RateLimitService, RequestLimits, Supabase, TrustedProxies)
built: dict[type, Any] = {}
own = APIRouter(prefix="/brand-kits")


async def authentication_of(request: Request) -> Authentication:
    """Find out once who makes a request."""
    return await authenticate(request, built[AccessVerifier], built[CsrfTokens])


AuthenticationDep = Annotated[Authentication, Depends(authentication_of)]


async def count_request(request: Request, response: Response, authentication: AuthenticationDep) -> None:
    """Count it against the limits of its user."""
    context = describe_request(request, built[TrustedProxies])
    await limit_requests(response, built[RateLimitService], built[RequestLimits], context, authentication)


async def current_user(
    authentication: AuthenticationDep,
    _bearer: Annotated[str | None, Security(bearer_scheme)],
    _cookie: Annotated[str | None, Security(cookie_scheme)],
) -> CurrentUser:
    """Give the user or answer 401."""
    if authentication.user is None:
        raise authentication.failure or AuthRequired()
    return authentication.user


CurrentUserDep = Annotated[CurrentUser, Depends(current_user)]


def kits_on(session: DatabaseSession, request: Request) -> BrandKitService:
    """Build what a route needs."""
    supabase: Supabase = built[Supabase]
    context = describe_request(request, built[TrustedProxies])
    return BrandKitService(BrandKitRepository(session), AuditService(AuditRepository(session), supabase, context))


@own.get("/{kit_id}")
async def read_brand_kit(
    kit_id: UUID, request: Request, authentication: AuthenticationDep, user: CurrentUserDep
) -> BrandKitResponse:
    """Give one kit."""
    async with built[Supabase].session(caller_of(authentication)) as session:
        found = BrandKitResponse.model_validate(await kits_on(session, request).get(user.id, kit_id))
        await session.commit()
        return found


@own.put("/{kit_id}")
async def update_brand_kit(
    kit_id: UUID, body: BrandKitUpdate, request: Request, authentication: AuthenticationDep, user: CurrentUserDep
) -> BrandKitResponse:
    """Change one kit."""
    async with built[Supabase].session(caller_of(authentication)) as session:
        changed = BrandKitResponse.model_validate(await kits_on(session, request).update(user.id, kit_id, body))
        await session.commit()
        return changed


def in_their_places(theirs: APIRouter) -> APIRouter:
    """Return a router whose routes are ours where we have one with that path and method, and theirs elsewhere."""
    ours = {_address(route): route for route in own.routes}
    router = APIRouter()
    router.routes = [ours.pop(_address(route), route) for route in theirs.routes]
    assert not ours, f"AuraStream has no such route: {ours}"
    return router


def _address(route: BaseRoute) -> tuple[str, frozenset[str]]:
    assert isinstance(route, APIRoute)
    return route.path, frozenset(route.methods or ())


def create_app(settings: Settings) -> FastAPI:
    """Return the application."""
    container = build_container(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with container:
            built.update({kind: container[kind] for kind in USED})
            yield

    app = FastAPI(
        title=TITLE,
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        telemetry=telemetry_config(enabled=settings.telemetry_enabled),
    )
    install_error_handlers(app)
    metrics = HttpMetrics()
    app.include_router(health.router)
    app.include_router(metrics_router(metrics, settings.metrics_token))
    for router in COUNTED:
        served = in_their_places(router) if router is brand_kits.router else router
        app.include_router(served, prefix=PREFIX, dependencies=[Depends(count_request)])
    add_middleware(app, settings, metrics)
    return app
