"""Who a request is made by, and what cookies may do."""

import httpx
import pytest

from backend.api.authentication import RequireTier
from backend.clients.redis import Redis
from backend.clients.supabase import Supabase
from backend.db.tables.identity import AccountRole, Tier
from backend.services.identity.access import AccessVerifier, CurrentUser
from backend.services.identity.errors import InsufficientTier
from di import Container
from tests.conftest import MakeSettings
from tests.identity.conftest import AuditTrail
from tests.support.accounts import API, PASSWORD, SignedIn
from tests.support.identity import change_user

ME = f"{API}/auth/me"
CHANGE = {"display_name": "Changed"}


async def by_cookie(client: httpx.AsyncClient, person: SignedIn) -> str:
    """Log a browser in and give its CSRF token."""
    response = await client.post(f"{API}/auth/login", json={"email": person.email, "password": PASSWORD})
    return str(response.json()["csrf_token"])


async def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


async def test_no_token_is_asked_for_one(client: httpx.AsyncClient) -> None:
    response = await client.get(ME)

    assert await code_of(response) == (401, "AUTH_REQUIRED")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic abc", "Bearer a b", "abc", "Bearer\tabc"])
async def test_header_that_is_no_bearer_is_no_login(client: httpx.AsyncClient, header: str) -> None:
    assert (await client.get(ME, headers={"Authorization": header})).status_code == 401


async def test_scheme_is_read_in_any_case(alice: SignedIn) -> None:
    alice.headers["Authorization"] = f"bearer {alice.tokens['access_token']}"

    assert (await alice.get(ME)).status_code == 200


async def test_bad_token_says_so(client: httpx.AsyncClient, alice: SignedIn) -> None:
    response = await client.get(ME, headers={"Authorization": f"Bearer {alice.tokens['access_token']}x"})

    assert await code_of(response) == (401, "AUTH_TOKEN_INVALID")
    assert "invalid_token" in response.headers["WWW-Authenticate"]


async def test_browser_is_known_by_its_cookie(client: httpx.AsyncClient, alice: SignedIn) -> None:
    await by_cookie(client, alice)

    assert (await client.get(ME)).json()["email"] == alice.email


async def test_cookie_without_csrf_token_changes_nothing(client: httpx.AsyncClient, alice: SignedIn) -> None:
    await by_cookie(client, alice)

    assert await code_of(await client.put(ME, json=CHANGE)) == (403, "CSRF_TOKEN_MISSING")
    assert (await client.get(ME)).json()["display_name"] == "Alice"


async def test_cookie_with_csrf_token_may_change(client: httpx.AsyncClient, alice: SignedIn) -> None:
    csrf_token = await by_cookie(client, alice)

    assert (await client.put(ME, json=CHANGE, headers={"X-CSRF-Token": csrf_token})).status_code == 200


async def test_wrong_csrf_token_is_refused_and_audited(
    client: httpx.AsyncClient, alice: SignedIn, audit_trail: AuditTrail
) -> None:
    await by_cookie(client, alice)
    response = await client.put(ME, json=CHANGE, headers={"X-CSRF-Token": "x.y"})

    assert await code_of(response) == (403, "CSRF_TOKEN_INVALID")
    assert (await audit_trail())[-1] == ("csrf_validation_failed", False)


async def test_csrf_token_of_another_session_is_refused(
    client: httpx.AsyncClient, alice: SignedIn, bob: SignedIn
) -> None:
    planted = await by_cookie(client, bob)
    client.cookies.clear()
    await by_cookie(client, alice)
    client.cookies.set("csrf_token", planted, domain="testserver.local", path="/")
    response = await client.put(
        ME, json=CHANGE, headers={"X-CSRF-Token": planted, "Cookie": cookie_header(client, planted)}
    )

    assert await code_of(response) == (403, "CSRF_TOKEN_INVALID")


def cookie_header(client: httpx.AsyncClient, csrf_token: str) -> str:
    access = next(cookie.value for cookie in client.cookies.jar if cookie.name == "access_token")
    return f"access_token={access}; csrf_token={csrf_token}"


async def test_bearer_needs_no_csrf_token(client: httpx.AsyncClient, alice: SignedIn) -> None:
    await by_cookie(client, alice)
    headers = {"Authorization": f"Bearer {alice.tokens['access_token']}"}

    assert (await client.put(ME, json=CHANGE, headers=headers)).status_code == 200


async def test_login_with_an_old_cookie_needs_no_csrf_token(client: httpx.AsyncClient, alice: SignedIn) -> None:
    await by_cookie(client, alice)
    response = await client.post(f"{API}/auth/login", json={"email": alice.email, "password": PASSWORD})

    assert response.status_code == 200


async def test_raised_token_version_voids_tokens_at_once_where_the_cache_is_empty(
    alice: SignedIn, supabase: Supabase
) -> None:
    await change_user(supabase, alice.user_id, token_version=1)

    assert await code_of(await alice.get(ME)) == (401, "AUTH_TOKEN_REVOKED")


async def test_account_is_read_from_the_database_once_a_minute(
    alice: SignedIn, supabase: Supabase, redis: Redis
) -> None:
    await alice.get(ME)
    await change_user(supabase, alice.user_id, token_version=1)
    within = (await alice.get(ME)).status_code
    (key,) = await redis.keys("account:*")
    lifetime = await redis.ttl(key)
    await redis.delete(key)

    assert (within, (await alice.get(ME)).status_code) == (200, 401)
    assert 0 < lifetime <= 60


async def test_user_is_what_the_database_says_and_not_the_token(
    alice: SignedIn, supabase: Supabase, container: Container
) -> None:
    await change_user(supabase, alice.user_id, subscription_tier=Tier.STUDIO, role=AccountRole.ADMIN)
    user = await container[AccessVerifier].verify(alice.tokens["access_token"])

    assert (user.tier, user.is_admin) == (Tier.STUDIO, True)


async def test_tier_guard_tells_what_is_needed(alice: SignedIn, container: Container) -> None:
    user: CurrentUser = await container[AccessVerifier].verify(alice.tokens["access_token"])

    assert await RequireTier(Tier.FREE)(user) is user
    with pytest.raises(InsufficientTier) as refusal:
        await RequireTier(Tier.PRO)(user)
    assert refusal.value.details == {"required_tier": "pro", "current_tier": "free"}


async def test_production_cookies_are_for_https_only(make_settings: MakeSettings) -> None:
    from starlette.responses import Response

    from backend.api.session_cookies import SessionCookies
    from backend.services.identity.csrf import CsrfTokens

    settings = make_settings(environment="production")
    response = Response()
    SessionCookies(CsrfTokens(settings), settings).clear(response)

    assert all("Secure" in cookie for cookie in response.headers.getlist("set-cookie"))
