"""Logging in and signing up through a provider."""

import asyncio
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from backend.api.main import create_app
from backend.clients.redis import Redis
from backend.container import build_container
from backend.db.caller import Caller
from backend.db.tables.identity import AuditRow, User
from backend.settings import Settings
from tests.conftest import SessionAs
from tests.oauth.conftest import API, OAUTH, Browser, MakeAccount, NewBrowser, identities_of, landing
from tests.support.oauth_provider import DIALECTS, Answer, LoopbackProvider

ALL = pytest.mark.parametrize("name", list(DIALECTS))


async def me(browser: Browser) -> httpx.Response:
    return await browser.get("/api/v1/auth/me")


@ALL
async def test_a_new_person_gets_an_account_after_accepting_the_terms(browser: Browser, name: str) -> None:
    assert await browser.sign_in(name) == {"success": "false", "error": "OAUTH_TERMS_REQUIRED"}
    assert (await me(browser)).status_code == 401

    answer = await browser.complete(terms_version="2.1", privacy_version="2.0")

    assert answer.status_code == 201, answer.text
    user = answer.json()["user"]
    assert (user["email"], user["email_verified"], user["has_password"]) == ("nora@example.com", True, False)
    assert (user["terms_version"], user["privacy_version"]) == ("2.1", "2.0")
    assert user["terms_accepted_at"] is not None
    assert (await me(browser)).json()["id"] == user["id"]


@ALL
async def test_who_comes_again_is_logged_in(browser: Browser, new_browser: NewBrowser, name: str) -> None:
    await browser.sign_in(name)
    user = (await browser.complete()).json()["user"]
    other = await new_browser()

    assert await other.sign_in(name) == {"success": "true"}
    assert (await me(other)).json()["id"] == user["id"]


async def test_a_login_sets_every_cookie_of_a_session(browser: Browser, make_account: MakeAccount) -> None:
    await make_account()
    callback = await browser.consent(await browser.leave("google"))

    answer = await browser.get(callback)

    cookies = {line.split("=")[0]: line for line in answer.headers.get_list("set-cookie")}
    assert cookies.keys() >= {"access_token", "refresh_token", "csrf_token"}
    assert all("HttpOnly" in line for line in cookies.values())
    assert int(dict(part.partition("=")[::2] for part in cookies["refresh_token"].split("; "))["Max-Age"]) > 29 * 86400
    assert answer.headers["cache-control"] == "no-store"


async def test_a_session_opened_by_a_provider_can_be_refreshed_and_used(
    browser: Browser, make_account: MakeAccount
) -> None:
    await make_account()
    await browser.sign_in("google")

    refreshed = await browser.post("/api/v1/auth/refresh")
    csrf = {"X-CSRF-Token": refreshed.json()["csrf_token"]}
    renamed = await browser.put("/api/v1/auth/me", json={"display_name": "Nora N"}, headers=csrf)

    assert renamed.status_code == 200, renamed.text


async def test_a_verified_address_links_to_the_account_with_the_same_verified_address(
    browser: Browser, make_account: MakeAccount, session_as: SessionAs
) -> None:
    account = await make_account("nora@example.com")

    assert await browser.sign_in("google") == {"success": "true"}
    assert (await me(browser)).json()["id"] == str(account.id)
    assert await identities_of(session_as, account.id) == ["google"]


@pytest.mark.parametrize(
    ("name", "change", "locally_verified"),
    [
        ("discord", {"verified": False}, True),
        ("google", {"verified_email": False}, True),
        ("google", {}, False),
        ("twitch", {}, False),
    ],
)
async def test_an_address_that_either_side_did_not_verify_never_links(
    browser: Browser,
    provider: LoopbackProvider,
    make_account: MakeAccount,
    session_as: SessionAs,
    name: str,
    change: dict[str, object],
    locally_verified: bool,
) -> None:
    account = await make_account(verified=locally_verified)
    provider.people[name].update(change)

    assert await browser.sign_in(name) == {"success": "false", "error": "OAUTH_LINK_REQUIRED"}
    assert (await me(browser)).status_code == 401
    assert await identities_of(session_as, account.id) == []


async def test_an_account_keeps_its_owner_when_the_address_at_the_provider_changes(
    browser: Browser, provider: LoopbackProvider, make_account: MakeAccount
) -> None:
    nora = await make_account("nora@example.com")
    await make_account("other@example.com")
    await browser.sign_in("google")

    provider.people["google"]["email"] = "other@example.com"
    await browser.sign_in("google")

    assert (await me(browser)).json()["id"] == str(nora.id)


async def test_a_second_account_at_the_same_provider_does_not_take_the_first_ones_place(
    browser: Browser, provider: LoopbackProvider, make_account: MakeAccount, new_browser: NewBrowser
) -> None:
    await make_account()
    await browser.sign_in("google")
    provider.people["google"]["id"] = "another"

    other = await new_browser()
    assert await other.sign_in("google") == {"success": "false", "error": "OAUTH_PROVIDER_LINKED"}


@ALL
async def test_nobody_gets_an_account_without_an_address(
    browser: Browser, provider: LoopbackProvider, session_as: SessionAs, name: str
) -> None:
    del provider.people[name]["email"]

    assert await browser.sign_in(name) == {"success": "false", "error": "OAUTH_EMAIL_MISSING"}
    async with session_as(Caller.service()) as session:
        assert (await session.scalars(select(User.id))).all() == []


async def test_nobody_gets_an_account_with_an_address_that_may_be_somebody_elses(
    browser: Browser, provider: LoopbackProvider
) -> None:
    provider.people["discord"]["verified"] = False

    assert await browser.sign_in("discord") == {"success": "false", "error": "OAUTH_EMAIL_UNVERIFIED"}
    assert (await browser.complete()).json()["error"]["code"] == "OAUTH_SIGNUP_EXPIRED"


async def test_denied_consent_is_told_in_our_own_words(browser: Browser, provider: LoopbackProvider) -> None:
    provider.consent_error = "access_denied"

    answer = await browser.get(await browser.consent(await browser.leave("google")))

    assert landing(answer) == {"success": "false", "error": "OAUTH_ACCESS_DENIED"}
    assert "provider text" not in answer.text + str(answer.headers)


async def test_another_error_of_the_provider_is_told_in_our_own_words(
    browser: Browser, provider: LoopbackProvider
) -> None:
    provider.consent_error = "temporarily_<script>"

    assert await browser.sign_in("google") == {"success": "false", "error": "OAUTH_PROVIDER_ERROR"}


async def test_a_denied_sign_in_cannot_be_taken_up_again(browser: Browser, provider: LoopbackProvider) -> None:
    address = await browser.leave("google")
    provider.consent_error = "access_denied"
    await browser.get(await browser.consent(address))
    provider.consent_error = None

    assert landing(await browser.get(await browser.consent(address)))["error"] == "OAUTH_STATE_INVALID"


async def test_a_callback_works_once(browser: Browser, make_account: MakeAccount) -> None:
    await make_account()
    callback = await browser.consent(await browser.leave("google"))
    secrets = dict(browser.cookies)
    assert landing(await browser.get(callback)) == {"success": "true"}

    browser.cookies.update(secrets)
    assert landing(await browser.get(callback)) == {"success": "false", "error": "OAUTH_STATE_INVALID"}


async def test_of_parallel_callbacks_one_works(browser: Browser, make_account: MakeAccount) -> None:
    await make_account()
    callback = await browser.consent(await browser.leave("google"))

    answers = await asyncio.gather(*(browser.get(callback) for _ in range(8)))

    assert sorted(landing(answer)["success"] for answer in answers) == ["false"] * 7 + ["true"]


async def test_another_browser_cannot_come_back(
    browser: Browser, new_browser: NewBrowser, make_account: MakeAccount
) -> None:
    await make_account()
    callback = await browser.consent(await browser.leave("google"))
    victim = await new_browser()

    answer = await victim.get(callback)

    assert landing(answer) == {"success": "false", "error": "OAUTH_STATE_INVALID"}
    assert "access_token" not in answer.cookies


async def test_another_browsers_secret_does_not_help(
    browser: Browser, new_browser: NewBrowser, make_account: MakeAccount
) -> None:
    await make_account()
    other = await new_browser()
    await other.leave("google")
    ((_, secret),) = other.cookies.items()
    callback = await browser.consent(await browser.leave("google"))
    ((cookie, _),) = browser.cookies.items()
    browser.cookies.clear()
    browser.cookies.set(cookie, secret)

    assert landing(await browser.get(callback))["error"] == "OAUTH_STATE_INVALID"


async def test_two_tabs_do_not_disturb_each_other(browser: Browser, make_account: MakeAccount) -> None:
    await make_account()
    first, second = await browser.leave("google"), await browser.leave("twitch")

    assert landing(await browser.get(await browser.consent(first))) == {"success": "true"}
    assert landing(await browser.get(await browser.consent(second))) == {"success": "true"}


async def test_a_state_belongs_to_one_provider(browser: Browser, make_account: MakeAccount) -> None:
    await make_account()
    callback = await browser.consent(await browser.leave("google"))

    answer = await browser.get(callback.replace("/google/", "/twitch/"))

    assert landing(answer)["error"] == "OAUTH_STATE_INVALID"


async def test_another_process_can_take_up_what_this_one_began(
    browser: Browser, new_browser: NewBrowser, make_account: MakeAccount, settings: Settings
) -> None:
    await make_account()
    callback = await browser.consent(await browser.leave("google"))
    async with build_container(settings) as container:
        elsewhere = create_app(settings, container)
        async with elsewhere.router.lifespan_context(elsewhere):
            same_browser = await new_browser(elsewhere)
            same_browser.cookies.update(browser.cookies)

            assert landing(await same_browser.get(callback)) == {"success": "true"}


async def test_a_departure_is_forgotten_after_ten_minutes(browser: Browser, redis: Redis) -> None:
    await browser.leave("google")

    (key,) = [key async for key in redis.scan_iter("oauth:state:*")]
    assert 590 < await redis.ttl(key) <= 600


async def test_a_made_up_callback_is_a_redirect_with_an_error(browser: Browser) -> None:
    queries = [
        "",
        "?state=x",
        "?code=x",
        "?state=&code=",
        "?state=%F0%9F%92%A9&code=x",
        "?state=" + "a" * 43,
        "?state=" + "a" * 5000 + "&code=x",
        "?error=access_denied",
        "?error=%3Cscript%3E&error_description=provider",
        "?state=a&state=b&code=c&code=d",
    ]

    answers = [landing(await browser.get(f"{OAUTH}/google/callback{query}")) for query in queries]

    assert answers == [{"success": "false", "error": "OAUTH_STATE_INVALID"}] * len(queries)


async def test_made_up_callbacks_leave_no_trail(browser: Browser, session_as: SessionAs) -> None:
    await browser.get(f"{OAUTH}/google/callback?state={'a' * 43}&code=x")

    async with session_as(Caller.service()) as session:
        assert (await session.scalars(select(AuditRow.id))).all() == []


async def test_a_callback_without_a_code_is_an_error_of_the_provider(browser: Browser) -> None:
    callback = await browser.consent(await browser.leave("google"))
    state = httpx.URL(callback).params["state"]

    answer = await browser.get(f"{OAUTH}/google/callback?state={state}")

    assert landing(answer)["error"] == "OAUTH_PROVIDER_ERROR"


async def test_a_made_up_code_is_a_failed_exchange(browser: Browser) -> None:
    state = httpx.URL(await browser.leave("google")).params["state"]

    answer = await browser.get(f"{OAUTH}/google/callback?state={state}&code=made-up")

    assert landing(answer)["error"] == "OAUTH_TOKEN_EXCHANGE_FAILED"


async def test_a_code_of_another_departure_is_a_failed_exchange(browser: Browser, make_account: MakeAccount) -> None:
    await make_account()
    stolen = httpx.URL(await browser.consent(await browser.leave("google"))).params["code"]
    state = httpx.URL(await browser.leave("google")).params["state"]

    answer = await browser.get(f"{OAUTH}/google/callback?state={state}&code={stolen}")

    assert landing(answer)["error"] == "OAUTH_TOKEN_EXCHANGE_FAILED"


@pytest.mark.parametrize("answer", [Answer.json(500, {"error": "provider text"}), Answer(200, b"{"), None])
async def test_a_provider_in_trouble_is_a_redirect_with_an_error(
    browser: Browser, provider: LoopbackProvider, answer: Answer | None
) -> None:
    provider.reply(DIALECTS["twitch"].profile, answer)

    assert await browser.sign_in("twitch") == {"success": "false", "error": "OAUTH_USER_INFO_FAILED"}


async def test_an_unknown_provider_is_not_found(browser: Browser) -> None:
    answer = await browser.post(f"{OAUTH}/myspace")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "OAUTH_PROVIDER_NOT_FOUND")


async def test_coming_back_from_an_unknown_provider_is_a_redirect_with_an_error(browser: Browser) -> None:
    assert landing(await browser.get(f"{OAUTH}/myspace/callback?state={'a' * 43}"))["success"] == "false"


async def test_a_provider_without_credentials_names_the_settings(
    app: FastAPI, settings: Settings, new_browser: NewBrowser
) -> None:
    without = settings.model_copy(update={"twitch_client_id": None, "twitch_client_secret": None})
    async with build_container(without) as container:
        other = create_app(without, container)
        async with other.router.lifespan_context(other):
            answer = await (await new_browser(other)).post(f"{OAUTH}/twitch")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "OAUTH_PROVIDER_NOT_CONFIGURED")
    assert answer.json()["error"]["details"]["settings"] == ["TWITCH_CLIENT_ID", "TWITCH_CLIENT_SECRET"]


async def test_the_provider_sends_the_browser_back_to_this_api(browser: Browser, provider: LoopbackProvider) -> None:
    await browser.sign_in("discord")

    (exchange,) = [asked for asked in provider.asked if asked.method == "POST"]
    assert exchange.form["redirect_uri"] == f"{API}{OAUTH}/discord/callback"


async def test_logins_are_on_the_audit_trail(
    browser: Browser, provider: LoopbackProvider, make_account: MakeAccount, session_as: SessionAs
) -> None:
    account = await make_account()
    await browser.sign_in("google")
    provider.consent_error = "access_denied"
    await browser.sign_in("twitch")

    async with session_as(Caller.service()) as session:
        rows = (await session.scalars(select(AuditRow).order_by(AuditRow.ts))).all()
    found = {(row.event_type, row.success, row.failure_reason, row.details["provider"], row.user_id) for row in rows}
    assert found == {
        ("identity_linked", True, None, "google", account.id),
        ("login_success", True, None, "google", account.id),
        ("login_failed", False, "OAUTH_ACCESS_DENIED", "twitch", None),
    }


async def test_nothing_is_linked_when_the_session_cannot_be_opened(
    browser: Browser, make_account: MakeAccount, session_as: SessionAs, redis: Redis
) -> None:
    account = await make_account()
    await redis.set(f"user_tokens:{{{account.id}}}", "not a sorted set")  # what opening a session trips over

    assert await browser.sign_in("google") == {"success": "false", "error": "SERVICE_UNAVAILABLE"}
    assert await identities_of(session_as, account.id) == []


async def test_a_deleted_users_identity_is_free_again(browser: Browser) -> None:
    await browser.sign_in("google")
    first = UUID((await browser.complete()).json()["user"]["id"])
    csrf = {"X-CSRF-Token": (await browser.post("/api/v1/auth/refresh")).json()["csrf_token"]}
    deleted = await browser.request("DELETE", "/api/v1/auth/me", json={"confirmation": "DELETE"}, headers=csrf)
    assert deleted.status_code == 200, deleted.text

    assert await browser.sign_in("google") == {"success": "false", "error": "OAUTH_TERMS_REQUIRED"}
    assert UUID((await browser.complete()).json()["user"]["id"]) != first
