"""Linking and unlinking providers, and completing sign-ups."""

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from backend.clients.redis import Redis
from backend.db.caller import Caller
from backend.db.tables.identity import AuditRow, TermsAcceptance
from backend.services.identity.jwt_service import JWTService
from backend.settings import Settings
from tests.conftest import SessionAs
from tests.oauth.conftest import OAUTH, Browser, MakeAccount, NewBrowser, identities_of, landing
from tests.support.accounts import SignedIn
from tests.support.oauth_provider import LoopbackProvider


def bearer(person: SignedIn) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.tokens['access_token']}"}


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


async def providers_of(person: SignedIn) -> list[str]:
    answer = await person.get(f"{OAUTH}/identities")
    assert answer.status_code == 200, answer.text
    return [identity["provider"] for identity in answer.json()["identities"]]


async def test_a_user_links_a_provider_and_logs_in_with_it(
    browser: Browser, new_browser: NewBrowser, alice: SignedIn
) -> None:
    assert await browser.sign_in("twitch", link=True, headers=bearer(alice)) == {"success": "true", "linked": "twitch"}

    elsewhere = await new_browser()
    assert await elsewhere.sign_in("twitch") == {"success": "true"}
    assert (await elsewhere.get("/api/v1/auth/me")).json()["id"] == str(alice.user_id)
    assert await providers_of(alice) == ["twitch"]


async def test_linking_needs_no_address_at_the_provider(
    browser: Browser, provider: LoopbackProvider, alice: SignedIn
) -> None:
    del provider.people["twitch"]["email"]

    assert (await browser.sign_in("twitch", link=True, headers=bearer(alice)))["success"] == "true"


async def test_linking_opens_no_session(browser: Browser, alice: SignedIn) -> None:
    await browser.sign_in("google", link=True, headers=bearer(alice))

    assert (await browser.get("/api/v1/auth/me")).status_code == 401


async def test_linking_needs_a_login(browser: Browser) -> None:
    answer = await browser.post(f"{OAUTH}/google/link")

    assert (answer.status_code, code_of(answer)) == (401, "AUTH_REQUIRED")


async def test_linking_by_cookie_needs_the_csrf_token(browser: Browser, make_account: MakeAccount) -> None:
    await make_account()
    await browser.sign_in("google")

    answer = await browser.post(f"{OAUTH}/twitch/link")

    assert (answer.status_code, code_of(answer)) == (403, "CSRF_TOKEN_MISSING")


async def test_an_account_at_a_provider_belongs_to_one_user(browser: Browser, alice: SignedIn, bob: SignedIn) -> None:
    await browser.sign_in("google", link=True, headers=bearer(alice))

    told = await browser.sign_in("google", link=True, headers=bearer(bob))

    assert told == {"success": "false", "error": "OAUTH_IDENTITY_TAKEN"}
    assert await providers_of(bob) == []


async def test_a_second_account_at_a_provider_is_refused_before_leaving(browser: Browser, alice: SignedIn) -> None:
    await browser.sign_in("google", link=True, headers=bearer(alice))

    answer = await browser.post(f"{OAUTH}/google/link", headers=bearer(alice))

    assert (answer.status_code, code_of(answer)) == (409, "OAUTH_PROVIDER_LINKED")


async def test_of_two_accounts_at_a_provider_linked_at_once_the_first_stays(
    browser: Browser, provider: LoopbackProvider, alice: SignedIn
) -> None:
    addresses = [await browser.leave("google", link=True, headers=bearer(alice)) for _ in range(2)]
    first = await browser.consent(addresses[0])
    assert landing(await browser.get(first)) == {"success": "true", "linked": "google"}
    provider.people["google"]["id"] = "another"

    assert landing(await browser.get(await browser.consent(addresses[1])))["error"] == "OAUTH_PROVIDER_LINKED"


async def test_a_link_begun_in_a_session_that_ended_is_refused(browser: Browser, alice: SignedIn) -> None:
    callback = await browser.consent(await browser.leave("google", link=True, headers=bearer(alice)))
    await alice.post("/api/v1/auth/logout")

    assert landing(await browser.get(callback)) == {"success": "false", "error": "OAUTH_SESSION_ENDED"}


def older_login(alice: SignedIn, settings: Settings, age: timedelta) -> dict[str, str]:
    """Speak in the same session, opened longer ago."""
    jwt = JWTService(settings)
    claims = jwt.decode_access(alice.tokens["access_token"])
    token, _ = jwt.create_access(
        claims.user_id,
        claims.tier,
        claims.email,
        session_id=claims.session_id,
        token_version=claims.token_version,
        authenticated_at=claims.authenticated_at - age,
    )
    return {"Authorization": f"Bearer {token}"}


async def test_linking_needs_a_recent_login(browser: Browser, alice: SignedIn, settings: Settings) -> None:
    answer = await browser.post(f"{OAUTH}/google/link", headers=older_login(alice, settings, timedelta(minutes=11)))
    recent = await browser.post(f"{OAUTH}/google/link", headers=older_login(alice, settings, timedelta(minutes=9)))

    assert (answer.status_code, code_of(answer)) == (401, "AUTH_REAUTHENTICATION_REQUIRED")
    assert recent.status_code == 200


async def test_identities_say_how_an_account_is_entered(browser: Browser, alice: SignedIn) -> None:
    await browser.sign_in("discord", link=True, headers=bearer(alice))

    listed = (await alice.get(f"{OAUTH}/identities")).json()

    assert listed["has_password"] is True
    assert [(each["provider"], each["email"]) for each in listed["identities"]] == [("discord", "nora@example.com")]


async def test_identities_are_the_users_own(browser: Browser, alice: SignedIn, bob: SignedIn) -> None:
    await browser.sign_in("discord", link=True, headers=bearer(alice))

    assert await providers_of(bob) == []
    assert (await bob.delete(f"{OAUTH}/identities/discord")).status_code == 404
    assert await providers_of(alice) == ["discord"]


async def test_an_unlinked_provider_opens_the_account_no_more(browser: Browser, alice: SignedIn) -> None:
    await browser.sign_in("google", link=True, headers=bearer(alice))

    assert (await alice.delete(f"{OAUTH}/identities/Google")).status_code == 204

    assert await browser.sign_in("google") == {"success": "false", "error": "OAUTH_TERMS_REQUIRED"}


@pytest.mark.parametrize(("name", "code"), [("google", "RESOURCE_NOT_FOUND"), ("myspace", "OAUTH_PROVIDER_NOT_FOUND")])
async def test_what_is_not_linked_cannot_be_unlinked(alice: SignedIn, name: str, code: str) -> None:
    answer = await alice.delete(f"{OAUTH}/identities/{name}")

    assert (answer.status_code, code_of(answer)) == (404, code)


async def csrf(browser: Browser) -> dict[str, str]:
    return {"X-CSRF-Token": (await browser.post("/api/v1/auth/refresh")).json()["csrf_token"]}


async def test_the_last_login_method_cannot_be_unlinked(browser: Browser) -> None:
    await browser.sign_in("google")
    await browser.complete()

    answer = await browser.delete(f"{OAUTH}/identities/google", headers=await csrf(browser))

    assert (answer.status_code, code_of(answer)) == (409, "OAUTH_LAST_LOGIN_METHOD")


async def test_of_two_providers_unlinked_at_once_one_stays(browser: Browser, session_as: SessionAs) -> None:
    await browser.sign_in("google")
    user_id = UUID((await browser.complete()).json()["user"]["id"])
    await browser.sign_in("twitch")
    headers = await csrf(browser)

    answers = await asyncio.gather(
        *(browser.delete(f"{OAUTH}/identities/{name}", headers=headers) for name in ("google", "twitch"))
    )

    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert len(await identities_of(session_as, user_id)) == 1


async def test_a_pending_sign_up_shows_what_the_account_would_start_with(
    browser: Browser, provider: LoopbackProvider
) -> None:
    provider.people["google"] |= {"name": "  <b>Nora</b>\u200b & Sons ½ " + "x" * 60, "picture": "javascript:alert(1)"}
    await browser.sign_in("google")

    shown = (await browser.get(f"{OAUTH}/signup")).json()

    assert shown == {
        "provider": "google",
        "email": "nora@example.com",
        "display_name": ("b Nora b Sons " + "x" * 60)[:50],
        "avatar_url": None,
    }


async def test_a_new_person_may_choose_another_name(browser: Browser) -> None:
    await browser.sign_in("google")

    user = (await browser.complete(display_name="Nova_1")).json()["user"]

    assert (user["display_name"], user["avatar_url"]) == ("Nova_1", "https://lh3.googleusercontent.com/a/nora")


async def test_an_incomplete_consent_is_refused_and_may_be_repeated(browser: Browser) -> None:
    bodies: list[dict[str, object]] = [
        {},
        {"accept_terms": False},
        {"accept_terms": True, "display_name": "<script>"},
        {"accept_terms": True, "terms_version": ""},
        {"accept_terms": True, "email": "other@example.com"},
    ]
    await browser.sign_in("google")

    answers = [await browser.post(f"{OAUTH}/complete", json=body) for body in bodies]

    assert [(answer.status_code, code_of(answer)) for answer in answers] == [(422, "VALIDATION_FAILED")] * len(bodies)
    assert (await browser.complete()).status_code == 201


async def test_consent_counts_in_the_browser_that_came_back_only(browser: Browser, new_browser: NewBrowser) -> None:
    await browser.sign_in("google")

    answer = await (await new_browser()).complete()

    assert (answer.status_code, code_of(answer)) == (400, "OAUTH_SIGNUP_EXPIRED")


async def test_of_parallel_consents_one_makes_the_account(browser: Browser) -> None:
    await browser.sign_in("google")

    answers = await asyncio.gather(*(browser.complete() for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400, 400]


async def test_a_consent_waits_fifteen_minutes(browser: Browser, redis: Redis) -> None:
    await browser.sign_in("google")

    (key,) = [key async for key in redis.scan_iter("oauth:signup:*")]
    assert 890 < await redis.ttl(key) <= 900


async def test_an_address_taken_meanwhile_must_be_linked(browser: Browser, make_account: MakeAccount) -> None:
    await browser.sign_in("google")
    await make_account("nora@example.com")

    answer = await browser.complete()

    assert (answer.status_code, code_of(answer)) == (409, "OAUTH_LINK_REQUIRED")


async def test_two_tabs_of_a_new_person_make_one_account(
    browser: Browser, new_browser: NewBrowser, session_as: SessionAs
) -> None:
    other = await new_browser()
    await browser.sign_in("google")
    await other.sign_in("google")

    answers = await asyncio.gather(browser.complete(), other.complete())

    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_accepted_terms_and_links_are_on_record(browser: Browser, session_as: SessionAs) -> None:
    await browser.sign_in("google")
    user_id = UUID((await browser.complete(terms_version="3.0")).json()["user"]["id"])
    await browser.sign_in("twitch")
    await browser.delete(f"{OAUTH}/identities/twitch", headers=await csrf(browser))

    async with session_as(Caller.service()) as session:
        terms = (await session.execute(select(TermsAcceptance.document_type, TermsAcceptance.document_version))).all()
        trail = (await session.scalars(select(AuditRow.event_type).where(AuditRow.user_id == user_id))).all()
    assert {tuple(row) for row in terms} == {("terms", "3.0"), ("privacy", "1.0.0")}
    assert {"signup_success", "login_success", "identity_linked", "identity_unlinked"} <= set(trail)


async def test_a_fresh_login_confirms_a_grave_step_without_a_password(browser: Browser) -> None:
    await browser.sign_in("google")
    await browser.complete()

    deleted = await browser.request(
        "DELETE", "/api/v1/auth/me", json={"confirmation": "DELETE"}, headers=await csrf(browser)
    )

    assert deleted.status_code == 200, deleted.text
