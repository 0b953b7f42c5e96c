"""Sign-in with Google, Twitch and Discord."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from backend.api.authentication import CurrentUserDep
from backend.api.errors import Responses, responses
from backend.api.oauth_cookies import OAuthCookies
from backend.api.rate_limits import limit
from backend.api.schemas.auth import LoginResponse, UserView
from backend.api.schemas.oauth import (
    AuthorizationResponse,
    CompleteSignupRequest,
    IdentityView,
    LoginMethodsResponse,
    PendingSignupResponse,
)
from backend.api.service_dependencies import OAuthCookiesDep, OAuthLandingDep, OAuthServiceDep, SessionCookiesDep
from backend.errors import DomainError, RateLimited
from backend.services.identity.errors import AuthRequired, ReauthenticationRequired, UserNotFound
from backend.services.identity.oauth_errors import (
    IdentityNotFound,
    LastLoginMethod,
    OAuthIdentityTaken,
    OAuthLinkRequired,
    OAuthProviderLinked,
    OAuthProviderNotConfigured,
    OAuthProviderNotFound,
    OAuthSignupExpired,
)
from backend.services.identity.oauth_steps import Departure, LoggedIn, ProviderAnswer, SignupPending
from backend.services.identity.rate_limits import OAUTH_DEPARTURES, SIGNUP_ATTEMPTS
from di import current_scope

router = APIRouter(prefix="/auth/oauth", tags=["oauth"])

ProviderName = Annotated[str, Path(max_length=64, description="google, twitch or discord.", examples=["google"])]
FromProvider = Annotated[str | None, Query(description="What the provider sends.")]
_LANDING: Final[Responses] = {
    302: {
        "description": "To `{frontend}/auth/callback`, with `success=true` or with `success=false&error=CODE`",
        "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}},
    }
}


@router.get("/identities", summary="List your ways to log in", responses=responses(AuthRequired, UserNotFound))
async def list_identities(user: CurrentUserDep, oauth: OAuthServiceDep) -> LoginMethodsResponse:
    """Tell whether the account has a password, and which providers open it."""
    methods = await oauth.login_methods(user.id)
    identities = [IdentityView.model_validate(identity) for identity in methods.identities]
    return LoginMethodsResponse(has_password=methods.has_password, identities=identities)


@router.delete(
    "/identities/{provider}",
    status_code=204,
    summary="Unlink a provider",
    responses=responses(AuthRequired, OAuthProviderNotFound, IdentityNotFound, LastLoginMethod, UserNotFound),
)
async def unlink(provider: ProviderName, user: CurrentUserDep, oauth: OAuthServiceDep) -> None:
    """Take a provider away from the account; the last way to log in stays."""
    await oauth.unlink(user.id, provider)


@router.get("/signup", summary="Look at a sign-up that waits for consent", responses=responses(OAuthSignupExpired))
async def read_pending_signup(
    request: Request, oauth: OAuthServiceDep, cookies: OAuthCookiesDep
) -> PendingSignupResponse:
    """Show what the account would start with, after a callback that ended in `OAUTH_TERMS_REQUIRED`."""
    return PendingSignupResponse.of(await oauth.pending_signup(cookies.signup(request)))


@router.post(
    "/complete",
    status_code=201,
    summary="Create an account after a sign-in",
    dependencies=[limit(SIGNUP_ATTEMPTS)],
    responses=responses(OAuthSignupExpired, OAuthLinkRequired, OAuthIdentityTaken, RateLimited),
)
async def complete_signup(
    body: CompleteSignupRequest,
    request: Request,
    response: Response,
    oauth: OAuthServiceDep,
    cookies: OAuthCookiesDep,
    session_cookies: SessionCookiesDep,
) -> LoginResponse:
    """Accept the terms: the browser that came back with `OAUTH_TERMS_REQUIRED` gets its account and is logged in."""
    pair, account = await oauth.complete_signup(cookies.signup(request), body.to_consent())
    cookies.clear_signup(response)
    return LoginResponse.of(pair, session_cookies.set(response, pair), user=UserView.model_validate(account))


@router.post(
    "/{provider}",
    summary="Begin to log in or sign up",
    dependencies=[limit(OAUTH_DEPARTURES)],
    responses=responses(OAuthProviderNotFound, OAuthProviderNotConfigured, RateLimited),
)
async def begin_login(
    provider: ProviderName, response: Response, oauth: OAuthServiceDep, cookies: OAuthCookiesDep
) -> AuthorizationResponse:
    """Give the address of the provider's consent page. Only the browser that gets this answer can come back."""
    return _send_off(await oauth.begin_login(provider), response, cookies)


@router.post(
    "/{provider}/link",
    summary="Begin to link a provider",
    dependencies=[limit(OAUTH_DEPARTURES)],
    responses=responses(
        AuthRequired,
        ReauthenticationRequired,
        OAuthProviderNotFound,
        OAuthProviderLinked,
        OAuthProviderNotConfigured,
        RateLimited,
    ),
)
async def begin_link(
    provider: ProviderName, user: CurrentUserDep, response: Response, oauth: OAuthServiceDep, cookies: OAuthCookiesDep
) -> AuthorizationResponse:
    """Give the address of the provider's consent page, to log in with it in future. Needs a recent login."""
    return _send_off(await oauth.begin_link(user, provider), response, cookies)


@router.get(
    "/{provider}/callback",
    status_code=302,
    summary="Come back from a provider",
    response_class=RedirectResponse,
    responses=_LANDING,
)
async def come_back(
    provider: ProviderName,
    request: Request,
    oauth: OAuthServiceDep,
    cookies: OAuthCookiesDep,
    session_cookies: SessionCookiesDep,
    landing: OAuthLandingDep,
    state: FromProvider = None,
    code: FromProvider = None,
    error: FromProvider = None,
) -> RedirectResponse:
    """Log in, link, or wait for consent, and send the browser to the web application.

    `OAUTH_TERMS_REQUIRED` means a new person: show `GET /auth/oauth/signup`, then call `POST /auth/oauth/complete`.
    `OAUTH_LINK_REQUIRED` means that the email has an account: log in to it, then link. Others end the sign-in:
    `OAUTH_STATE_INVALID`, `OAUTH_ACCESS_DENIED`, `OAUTH_PROVIDER_ERROR`, `OAUTH_TOKEN_EXCHANGE_FAILED`,
    `OAUTH_USER_INFO_FAILED`, `OAUTH_EMAIL_MISSING`, `OAUTH_EMAIL_UNVERIFIED`, `OAUTH_IDENTITY_TAKEN`,
    `OAUTH_PROVIDER_LINKED`, `OAUTH_SESSION_ENDED`, `SERVICE_UNAVAILABLE`.
    """
    try:
        arrival = await oauth.arrive(provider, ProviderAnswer(state, code, error), cookies.departure(request, state))
    except DomainError as failure:
        current_scope().fail(failure)  # a redirect is not a success: nothing half-done is committed
        response = landing.failed(failure.code)
    else:
        response = landing.arrived(arrival)
        if isinstance(arrival, LoggedIn):
            session_cookies.set(response, arrival.pair)
        elif isinstance(arrival, SignupPending):
            cookies.set_signup(response, arrival.token)
    cookies.clear_departure(request, response, state)
    return response


def _send_off(departure: Departure, response: Response, cookies: OAuthCookies) -> AuthorizationResponse:
    cookies.set_departure(response, departure.state, departure.browser_secret)
    return AuthorizationResponse(authorization_url=departure.authorization_url, state=departure.state)
