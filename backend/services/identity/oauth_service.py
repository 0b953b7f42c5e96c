"""Signing in with others: leaving for a provider, coming back, and what an account is linked with."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from backend.clients.oauth import OAuthProfile, OAuthProvider, OAuthProviderNotFound, OAuthProviders
from backend.context import RequestContext
from backend.db.repositories.user_identities import UserIdentityRepository
from backend.db.repositories.users import Account, NewAccount, UserRepository
from backend.db.tables.identity import Provider
from backend.errors import DomainError
from backend.services.identity.access import CurrentUser
from backend.services.identity.audit_events import AuditEvent
from backend.services.identity.audit_service import AuditService
from backend.services.identity.auth_service import AuthService
from backend.services.identity.errors import ReauthenticationRequired, TermsNotAccepted, UserNotFound
from backend.services.identity.oauth_errors import (
    IdentityNotFound,
    LastLoginMethod,
    OAuthAccessDenied,
    OAuthEmailMissing,
    OAuthEmailUnverified,
    OAuthIdentityTaken,
    OAuthLinkRequired,
    OAuthProviderFailed,
    OAuthProviderLinked,
    OAuthSessionEnded,
    OAuthSignupExpired,
    OAuthStateInvalid,
)
from backend.services.identity.oauth_flows import LinkTarget, OAuthFlow, OAuthFlowStore, digest, new_secret
from backend.services.identity.oauth_profiles import avatar_url_of, display_name_of
from backend.services.identity.oauth_steps import (
    Arrival,
    Departure,
    Linked,
    LoggedIn,
    LoginMethods,
    PendingSignup,
    ProviderAnswer,
    SignupConsent,
    SignupPending,
)
from backend.services.identity.session_service import TokenPair
from backend.services.identity.token_store import TokenStore
from backend.settings import Settings


class OAuthService:
    """Let people enter accounts through Google, Twitch and Discord.

    An account is found by who somebody is at the provider. An email links the two only where both sides have proved
    it: otherwise whoever types a stranger's address in at a provider, or signs up with it here first, would share
    the stranger's account.
    """

    def __init__(
        self,
        providers: OAuthProviders,
        flows: OAuthFlowStore,
        users: UserRepository,
        identities: UserIdentityRepository,
        auth: AuthService,
        tokens: TokenStore,
        audit: AuditService,
        context: RequestContext,
        settings: Settings,
    ) -> None:
        self._providers = providers
        self._flows = flows
        self._users = users
        self._identities = identities
        self._auth = auth
        self._tokens = tokens
        self._audit = audit
        self._context = context
        self._api = str(settings.public_url).rstrip("/")
        self._recent = timedelta(minutes=settings.reauthentication_minutes)

    async def begin_login(self, provider_name: str) -> Departure:
        """Send somebody to a provider to log in or to sign up."""
        return await self._depart(self._providers.get(provider_name), None)

    async def begin_link(self, user: CurrentUser, provider_name: str) -> Departure:
        """Send a user to a provider to add it to his account.

        Whoever can enter by another way stays in after a password was changed, so this needs a recent login.
        """
        provider = self._providers.get(provider_name)
        linked = [identity.provider for identity in await self._identities.of(user.id)]
        if provider.name in linked:
            raise OAuthProviderLinked(provider.name)
        if datetime.now(UTC) - user.authenticated_at > self._recent:
            raise ReauthenticationRequired(linked, int(self._recent.total_seconds()))
        return await self._depart(provider, LinkTarget(user.id, user.session_id))

    async def arrive(self, provider_name: str, answer: ProviderAnswer, browser_secret: str | None) -> Arrival:
        """Take up what was begun when the provider sends the browser back; a state works once, whatever comes of it.

        Failures are on the audit trail from the moment the state has proved to be ours.
        """
        flow = await self._flows.arrive(answer.state)
        if flow is None or flow.provider != provider_name.lower() or not flow.left_from(browser_secret):
            raise OAuthStateInvalid
        try:
            profile = await self._identify(self._providers.get(flow.provider), flow, answer)
            return await (self._enter(profile) if flow.target is None else self._link(profile, flow.target))
        except DomainError as failure:
            await self._audit.record(
                AuditEvent.LOGIN_FAILED if flow.target is None else AuditEvent.IDENTITY_LINKED,
                user_id=flow.target.user_id if flow.target else None,
                success=False,
                failure_reason=failure.code,
                metadata={"provider": flow.provider, "cause": getattr(failure, "cause", None)},
            )
            raise

    async def pending_signup(self, token: str | None) -> PendingSignup:
        """Tell a new person what the account would start with; raises `OAuthSignupExpired`."""
        profile = await self._flows.read_signup(token)
        if profile is None or profile.email is None:
            raise OAuthSignupExpired
        return PendingSignup(
            Provider(profile.provider), profile.email, display_name_of(profile), avatar_url_of(profile)
        )

    async def complete_signup(self, token: str | None, consent: SignupConsent) -> tuple[TokenPair, Account]:
        """Make the account of a new person who accepts the terms, and log in."""
        if not consent.accept_terms:
            raise TermsNotAccepted
        profile = await self._flows.take_signup(token)
        if profile is None or profile.email is None:
            raise OAuthSignupExpired
        account = await self._users.create(
            NewAccount(
                email=profile.email,
                email_verified=True,
                display_name=consent.display_name or display_name_of(profile),
                avatar_url=avatar_url_of(profile),
                terms_version=consent.terms_version,
                privacy_version=consent.privacy_version,
            ),
            ip=self._context.ip,
            user_agent=self._context.user_agent,
        )
        if account is None:
            raise OAuthLinkRequired(profile.provider)
        if not await self._add(account.id, profile):
            raise OAuthIdentityTaken(profile.provider)
        await self._audit.record(
            AuditEvent.SIGNUP_SUCCESS, user_id=account.id, email=account.email, metadata={"provider": profile.provider}
        )
        return await self._log_in(account, profile.provider), account

    async def login_methods(self, user_id: UUID) -> LoginMethods:
        """List the ways into an account."""
        account = await self._auth.get_user(user_id)
        return LoginMethods(account.has_password, await self._identities.of(user_id))

    async def unlink(self, user_id: UUID, provider_name: str) -> None:
        """Take a provider away from an account, unless nothing else opens it."""
        try:
            provider = Provider(provider_name.lower())
        except ValueError:
            raise OAuthProviderNotFound(provider_name, Provider) from None
        # Locks the account: two providers unlinked at once would each take the other for what is left.
        credentials = await self._users.credentials(user_id)
        if credentials is None:
            raise UserNotFound(user_id)
        linked = [identity.provider for identity in await self._identities.of(user_id)]
        if provider not in linked:
            raise IdentityNotFound(provider)
        if credentials.password_hash is None and len(linked) == 1:
            raise LastLoginMethod(provider)
        await self._identities.unlink(user_id, provider)
        await self._audit.record(AuditEvent.IDENTITY_UNLINKED, user_id=user_id, metadata={"provider": provider.value})

    async def _depart(self, provider: OAuthProvider, target: LinkTarget | None) -> Departure:
        browser_secret = new_secret()
        flow = OAuthFlow(provider.name, new_secret(), digest(browser_secret), target)
        state = await self._flows.depart(flow)
        address = provider.authorization_url(
            state=state, redirect_uri=self._callback(provider.name), code_challenge=flow.challenge
        )
        return Departure(address, state, browser_secret)

    async def _identify(self, provider: OAuthProvider, flow: OAuthFlow, answer: ProviderAnswer) -> OAuthProfile:
        if answer.error is not None:
            raise (OAuthAccessDenied if answer.error == "access_denied" else OAuthProviderFailed)(provider.name)
        if not answer.code:
            raise OAuthProviderFailed(provider.name)
        access_token = await provider.exchange_code(
            code=answer.code, redirect_uri=self._callback(provider.name), code_verifier=flow.verifier
        )
        return await provider.user_info(access_token)

    async def _enter(self, profile: OAuthProfile) -> LoggedIn | SignupPending:
        owner = await self._identities.owner(Provider(profile.provider), profile.provider_user_id)
        if owner is not None:
            return LoggedIn(await self._log_in(await self._auth.get_user(owner), profile.provider))
        if profile.email is None:
            raise OAuthEmailMissing(profile.provider)
        account = await self._users.get_by_email(profile.email)
        if account is not None:
            await self._link_by_email(account, profile)
            return LoggedIn(await self._log_in(account, profile.provider))
        if not profile.email_verified:
            raise OAuthEmailUnverified(profile.provider)
        return SignupPending(await self._flows.keep_signup(profile))

    async def _link_by_email(self, account: Account, profile: OAuthProfile) -> None:
        if not (profile.email_verified and account.email_verified):
            raise OAuthLinkRequired(profile.provider)
        if not await self._add(account.id, profile):
            raise OAuthProviderLinked(profile.provider)
        await self._note_link(account, profile)

    async def _link(self, profile: OAuthProfile, target: LinkTarget) -> Linked:
        account = await self._users.get(target.user_id)
        if account is None or not (await self._tokens.look_up(target.user_id, target.session_id)).live:
            raise OAuthSessionEnded
        owner = await self._identities.owner(Provider(profile.provider), profile.provider_user_id)
        if owner not in {None, account.id}:
            raise OAuthIdentityTaken(profile.provider)
        if not await self._add(account.id, profile):
            raise OAuthProviderLinked(profile.provider)
        await self._note_link(account, profile)
        return Linked(profile.provider)

    async def _add(self, user_id: UUID, profile: OAuthProfile) -> bool:
        """Link, or find linked by a request at the same moment; False if either side has another partner."""
        provider = Provider(profile.provider)
        # Held until the link is committed: an account may be deleted at any moment.
        if await self._users.credentials(user_id) is None:
            raise UserNotFound(user_id)
        if await self._identities.link(user_id, provider, profile.provider_user_id, profile.email):
            return True
        return await self._identities.owner(provider, profile.provider_user_id) == user_id

    async def _log_in(self, account: Account, provider: str) -> TokenPair:
        pair = await self._auth.issue_session(account, remember_me=True)
        await self._audit.record(
            AuditEvent.LOGIN_SUCCESS, user_id=account.id, email=account.email, metadata={"provider": provider}
        )
        return pair

    async def _note_link(self, account: Account, profile: OAuthProfile) -> None:
        await self._audit.record(
            AuditEvent.IDENTITY_LINKED, user_id=account.id, email=account.email, metadata={"provider": profile.provider}
        )

    def _callback(self, provider_name: str) -> str:
        return f"{self._api}/api/v1/auth/oauth/{provider_name}/callback"
