"""Accounts and sessions."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Path, Request, Response

from backend.api.authentication import CurrentUserDep
from backend.api.errors import responses
from backend.api.landing_page import LandingPage
from backend.api.rate_limits import By, limit
from backend.api.schemas.auth import (
    AccountDeletion,
    LoginRequest,
    LoginResponse,
    LogoutRequest,
    Message,
    PasswordChange,
    PasswordChanged,
    PasswordResetConfirm,
    PasswordResetRequest,
    ProfileUpdate,
    RefreshRequest,
    SessionList,
    SessionsEnded,
    SessionView,
    SignupRequest,
    SignupResponse,
    TokenForm,
    TokenResponse,
    UserView,
)
from backend.api.service_dependencies import (
    AccountServiceDep,
    AuthServiceDep,
    PasswordResetsDep,
    RequestContextDep,
    SessionCookiesDep,
)
from backend.api.session_cookies import REFRESH_COOKIE
from backend.errors import RateLimited
from backend.services.identity.errors import (
    AuthRequired,
    EmailTaken,
    InvalidCredentials,
    LinkInvalid,
    ReauthenticationRequired,
    SessionNotFound,
    TokenExpired,
    TokenInvalid,
    TokenRevoked,
    UserGone,
    UserNotFound,
    WeakPassword,
    WrongPassword,
)
from backend.services.identity.rate_limits import (
    EMAIL_VERIFICATION_REQUESTS,
    LINK_ATTEMPTS_IP,
    PASSWORD_RESET_REQUESTS_IP,
)

router = APIRouter(prefix="/auth", tags=["auth"])

EmailedToken = Annotated[str, Path(min_length=1, max_length=128, description="The token from the mail.")]
_LOGIN: Final = responses(InvalidCredentials, RateLimited)
_RESET_SENT: Final = "If this email has an account, a link is on its way to it."


@router.post(
    "/signup",
    status_code=201,
    summary="Create an account",
    responses=responses(EmailTaken, WeakPassword, RateLimited),
)
async def sign_up(body: SignupRequest, auth: AuthServiceDep) -> SignupResponse:
    """Create an account and mail a link that confirms its email. Log in afterwards."""
    account = await auth.signup(body.to_signup())
    return SignupResponse(
        user=UserView.model_validate(account), message="Your account is ready. A mail asks you to confirm your email."
    )


@router.post("/login", summary="Log in", responses=_LOGIN)
async def log_in(
    body: LoginRequest, auth: AuthServiceDep, cookies: SessionCookiesDep, response: Response
) -> LoginResponse:
    """Open a session. Browsers keep it in cookies, other clients send `access_token` as a bearer token.

    After five wrong passwords for an email from one address, the pair is locked for up to 15 minutes.
    """
    pair, account = await auth.login(body.email, body.password.get_secret_value(), remember_me=body.remember_me)
    return LoginResponse.of(pair, cookies.set(response, pair), user=UserView.model_validate(account))


@router.post("/token", summary="Log in by form", responses=_LOGIN)
async def log_in_by_form(body: Annotated[TokenForm, Form()], auth: AuthServiceDep) -> TokenResponse:
    """Open a session by OAuth 2's password grant, which "Authorize" in the documentation uses. Sets no cookies."""
    pair, _ = await auth.login(body.username, body.password.get_secret_value())
    return TokenResponse.of(pair)


@router.post(
    "/refresh",
    summary="Get the next pair of tokens",
    responses=responses(AuthRequired, TokenExpired, TokenInvalid, TokenRevoked, UserGone, RateLimited),
)
async def refresh(
    request: Request,
    auth: AuthServiceDep,
    cookies: SessionCookiesDep,
    response: Response,
    body: RefreshRequest | None = None,
) -> TokenResponse:
    """Exchange the refresh token of the body, or else of the cookie, for the next pair.

    Repeating a refresh within ten seconds gives the same pair. Using an old token later ends the session: one of
    its two holders is not its owner.
    """
    token = body.refresh_token if body else request.cookies.get(REFRESH_COOKIE)
    if not token:
        raise AuthRequired
    pair = await auth.refresh(token)
    return TokenResponse.of(pair, cookies.renew(request, response, pair))


@router.post("/logout", summary="Log out", responses=responses(AuthRequired, TokenInvalid))
async def log_out(
    user: CurrentUserDep,
    auth: AuthServiceDep,
    cookies: SessionCookiesDep,
    response: Response,
    body: LogoutRequest | None = None,
) -> Message:
    """End this session: none of its tokens is accepted any more."""
    await auth.logout(user.id, user.session_id, body.refresh_token if body else None)
    cookies.clear(response)
    return Message(message="You are logged out.")


@router.post("/logout-all", summary="Log out everywhere", responses=responses(AuthRequired))
async def log_out_everywhere(
    user: CurrentUserDep, auth: AuthServiceDep, cookies: SessionCookiesDep, response: Response
) -> SessionsEnded:
    """End every session of the account, this one included."""
    ended = await auth.logout_all(user.id)
    cookies.clear(response)
    return SessionsEnded(ended=ended, message="You are logged out everywhere.")


@router.get("/sessions", summary="List your sessions", responses=responses(AuthRequired))
async def list_sessions(user: CurrentUserDep, auth: AuthServiceDep) -> SessionList:
    """Show where the account is logged in."""
    sessions = [SessionView.of(record, user.session_id) for record in await auth.sessions(user.id)]
    return SessionList(sessions=sessions, total=len(sessions))


@router.delete("/sessions", summary="End your other sessions", responses=responses(AuthRequired))
async def end_other_sessions(user: CurrentUserDep, auth: AuthServiceDep) -> SessionsEnded:
    """End every session of the account but this one."""
    ended = await auth.logout_all(user.id, keep=user.session_id)
    return SessionsEnded(ended=ended, message="Your other sessions have ended.")


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    summary="End one session",
    responses=responses(AuthRequired, SessionNotFound),
)
async def end_session(session_id: UUID, user: CurrentUserDep, auth: AuthServiceDep) -> None:
    """End one session of the account."""
    await auth.end_session(user.id, session_id)


@router.get("/me", summary="Read your account", responses=responses(AuthRequired, UserNotFound))
async def read_account(user: CurrentUserDep, auth: AuthServiceDep) -> UserView:
    """Show the account."""
    return UserView.model_validate(await auth.get_user(user.id))


@router.put("/me", summary="Change your profile", responses=responses(AuthRequired, UserNotFound))
async def update_account(body: ProfileUpdate, user: CurrentUserDep, accounts: AccountServiceDep) -> UserView:
    """Write the fields that are given; `avatar_url` null takes the picture away."""
    return UserView.model_validate(await accounts.update_profile(user.id, body.to_changes()))


@router.post(
    "/me/password",
    summary="Change your password",
    responses=responses(AuthRequired, WrongPassword, ReauthenticationRequired, WeakPassword, UserNotFound, RateLimited),
)
async def change_password(
    body: PasswordChange,
    request: Request,
    user: CurrentUserDep,
    accounts: AccountServiceDep,
    cookies: SessionCookiesDep,
    response: Response,
) -> PasswordChanged:
    """Set another password. Every session ends, and this answer opens a new one for you."""
    current = body.current_password.get_secret_value() if body.current_password else None
    pair = await accounts.change_password(user, current, body.new_password.get_secret_value())
    return PasswordChanged.of(
        pair, cookies.renew(request, response, pair), message="Your password is changed and other sessions have ended."
    )


@router.delete(
    "/me",
    summary="Delete your account",
    responses=responses(AuthRequired, WrongPassword, ReauthenticationRequired, UserNotFound, RateLimited),
)
async def delete_account(
    body: AccountDeletion,
    user: CurrentUserDep,
    accounts: AccountServiceDep,
    cookies: SessionCookiesDep,
    response: Response,
) -> Message:
    """Delete the account and everything in it for good."""
    await accounts.delete_account(user, body.password.get_secret_value() if body.password else None)
    cookies.clear(response)
    return Message(message="Your account is deleted.")


@router.post(
    "/password-reset/request",
    summary="Ask for a password reset",
    responses=responses(RateLimited),
    dependencies=[limit(PASSWORD_RESET_REQUESTS_IP)],
)
async def request_password_reset(
    body: PasswordResetRequest, resets: PasswordResetsDep, context: RequestContextDep
) -> Message:
    """Mail a link that sets another password. The answer is the same whether the email has an account or not."""
    await resets.request(body.email, context)
    return Message(message=_RESET_SENT)


@router.post(
    "/password-reset/confirm",
    summary="Reset your password",
    responses=responses(LinkInvalid, WeakPassword, RateLimited),
    dependencies=[limit(LINK_ATTEMPTS_IP)],
)
async def confirm_password_reset(body: PasswordResetConfirm, accounts: AccountServiceDep) -> Message:
    """Set another password by the token of the mail, which works once. Every session ends."""
    await accounts.reset_password(body.token, body.new_password.get_secret_value())
    return Message(message="Your password is changed. Log in with the new one.")


@router.post(
    "/email/verify/request",
    summary="Ask for a confirmation mail",
    responses=responses(AuthRequired, UserNotFound, RateLimited),
    dependencies=[limit(EMAIL_VERIFICATION_REQUESTS, By.USER)],
)
async def request_verification(user: CurrentUserDep, accounts: AccountServiceDep) -> Message:
    """Mail a link that confirms the email; does nothing if it is confirmed already."""
    await accounts.request_verification(user.id)
    return Message(message="If your email is not confirmed yet, a link is on its way to it.")


@router.get(
    "/email/verify/{token}",
    summary="Show the page that confirms an email",
    status_code=200,
    response_class=LandingPage,
)
async def show_verification_page(token: EmailedToken) -> LandingPage:  # noqa: ARG001 - part of the address the page posts to
    """Show a button. Opening the link alone confirms nothing, since programs that check mails open links too."""
    return LandingPage("Confirm your email address", "Confirm")


@router.post(
    "/email/verify/{token}",
    summary="Confirm an email",
    responses=responses(LinkInvalid, RateLimited),
    dependencies=[limit(LINK_ATTEMPTS_IP)],
)
async def verify_email(token: EmailedToken, accounts: AccountServiceDep) -> Message:
    """Note that the email belongs to its account, by the token of the mail, which works once."""
    await accounts.verify_email(token)
    return Message(message="Your email is confirmed.")
