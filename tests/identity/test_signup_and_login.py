"""Making an account and entering it."""

import asyncio
from collections import Counter
from typing import Any

import httpx
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select, text

from backend.clients.supabase import Supabase
from backend.db.tables.identity import TermsAcceptance, User
from backend.services.identity.errors import PasswordsBusy
from backend.services.identity.password_service import PasswordService, Verification
from di import Container
from tests.conftest import SignUp
from tests.identity.conftest import AuditTrail, Mailbox, MailedToken
from tests.support.accounts import API, PASSWORD, SignedIn, signup_body
from tests.support.identity import change_user

SIGNUP, LOGIN, ME = f"{API}/auth/signup", f"{API}/auth/login", f"{API}/auth/me"


async def login(
    client: httpx.AsyncClient, email: str = "alice@example.com", password: str = PASSWORD
) -> httpx.Response:
    return await client.post(LOGIN, json={"email": email, "password": password})


async def test_signup_shows_the_account_and_never_a_hash(client: httpx.AsyncClient) -> None:
    response = await client.post(SIGNUP, json=signup_body("nova@example.com", display_name=" Nova "))
    user = response.json()["user"]

    assert response.status_code == 201
    assert (user["email"], user["display_name"], user["subscription_tier"]) == ("nova@example.com", "Nova", "free")
    assert (user["email_verified"], user["assets_generated_this_month"]) == (False, 0)
    assert "hash" not in response.text
    assert PASSWORD not in response.text


async def test_signup_does_not_log_in(client: httpx.AsyncClient) -> None:
    response = await client.post(SIGNUP, json=signup_body("nova@example.com"))

    assert "set-cookie" not in response.headers
    assert (await client.get(ME)).status_code == 401


async def test_signup_mails_a_link_that_confirms_the_email(
    client: httpx.AsyncClient, sign_up: SignUp, mailed_token: MailedToken
) -> None:
    alice = await sign_up("alice@example.com")
    token = await mailed_token("verify-email")
    response = await client.post(f"{API}/auth/email/verify/{token}")

    assert response.status_code == 200
    assert (await alice.get(ME)).json()["email_verified"] is True


async def test_refused_signup_mails_nothing(client: httpx.AsyncClient, alice: SignedIn, mailbox: Mailbox) -> None:
    await client.post(SIGNUP, json=signup_body("alice@example.com"))

    assert len(await mailbox()) == 1


async def test_signup_notes_which_terms_were_accepted(client: httpx.AsyncClient, supabase: Supabase) -> None:
    await client.post(SIGNUP, json=signup_body("nova@example.com", terms_version="2.0", privacy_version="3.0"))
    async with supabase.side_session() as session:
        rows = (await session.scalars(select(TermsAcceptance))).all()

    assert {(row.document_type, row.document_version, str(row.ip)) for row in rows} == {
        ("terms", "2.0", "127.0.0.1"),
        ("privacy", "3.0", "127.0.0.1"),
    }


async def test_taken_email_is_a_conflict_however_it_is_written(client: httpx.AsyncClient, alice: SignedIn) -> None:
    errors = [
        (await client.post(SIGNUP, json=signup_body(email))).json()["error"]
        for email in ("alice@example.com", "ALICE@example.com", " Alice@EXAMPLE.com ")
    ]

    assert {error["code"] for error in errors} == {"AUTH_EMAIL_EXISTS"}
    assert errors[0]["details"] == {"email": "ali***"}


async def test_parallel_signups_with_one_email_make_one_account(client: httpx.AsyncClient) -> None:
    bodies = [signup_body("nova@example.com") for _ in range(8)]
    responses = await asyncio.gather(*(client.post(SIGNUP, json=body) for body in bodies))

    assert Counter(response.status_code for response in responses) == {201: 1, 409: 7}


WRONG_SIGNUPS: dict[str, list[Any]] = {
    "email": ["no email", "a@b", None, "x" * 300 + "@example.com"],
    "password": ["Abc1", "abcdefgh1", "A1" + "a" * 127, None],
    "display_name": ["", "   ", "<b>", "x" * 51],
    "accept_terms": [False, None],
    "terms_version": ["x" * 21, ""],
    "unknown": [1],
}


async def test_wrong_signup_is_refused_field_by_field(client: httpx.AsyncClient) -> None:
    accepted = []
    for field, value in ((field, value) for field, values in WRONG_SIGNUPS.items() for value in values):
        error = (await client.post(SIGNUP, json=signup_body("nova@example.com") | {field: value})).json()["error"]
        named = {problem["field"] for problem in error["details"].get("errors", [])}
        if error["code"] != "VALIDATION_FAILED" or field not in named:
            accepted.append((field, value, error))

    assert accepted == []


async def test_weak_password_says_what_is_missing(client: httpx.AsyncClient) -> None:
    response = await client.post(SIGNUP, json=signup_body("nova@example.com", "abcdefgh"))

    assert response.json()["error"]["details"]["failed_requirements"] == [
        "at least one upper-case letter",
        "at least one digit",
    ]


async def test_seventy_three_byte_password_logs_in_and_its_prefix_does_not(client: httpx.AsyncClient) -> None:
    password = "Aa1" + "x" * 70
    await client.post(SIGNUP, json=signup_body("nova@example.com", password))

    assert (await login(client, "nova@example.com", password)).status_code == 200
    assert (await login(client, "nova@example.com", password[:72])).status_code == 401


async def test_eleventh_signup_of_an_address_in_an_hour_is_refused(client: httpx.AsyncClient) -> None:
    statuses = [
        (await client.post(SIGNUP, json=signup_body(f"nova{number}@example.com"))).status_code for number in range(11)
    ]

    assert statuses == [201] * 10 + [429]


async def test_login_gives_tokens_the_account_and_cookies(client: httpx.AsyncClient, alice: SignedIn) -> None:
    response = await login(client)
    body = response.json()

    assert (response.status_code, body["token_type"], body["user"]["email"]) == (200, "bearer", "alice@example.com")
    assert {"access_token", "refresh_token", "csrf_token"} <= body.keys()
    assert set(client.cookies) == {"access_token", "refresh_token", "csrf_token"}


async def test_no_script_reads_the_cookies(client: httpx.AsyncClient, alice: SignedIn) -> None:
    response = await login(client)
    cookies = response.headers.get_list("set-cookie")

    assert len(cookies) == 3
    assert all("HttpOnly" in cookie for cookie in cookies)
    samesite = {cookie.split("=")[0]: "SameSite=lax" in cookie for cookie in cookies}
    assert samesite == {"access_token": True, "refresh_token": False, "csrf_token": False}
    assert "Path=/api/v1/auth" in next(cookie for cookie in cookies if cookie.startswith("refresh_token"))


async def test_cookies_outlive_the_browser_only_when_remembered(client: httpx.AsyncClient, alice: SignedIn) -> None:
    body = {"email": "alice@example.com", "password": PASSWORD}
    forgetful = await client.post(LOGIN, json=body)
    remembered = await client.post(LOGIN, json=body | {"remember_me": True})

    assert not any("Max-Age" in cookie for cookie in forgetful.headers.get_list("set-cookie"))
    assert all("Max-Age" in cookie for cookie in remembered.headers.get_list("set-cookie"))


async def test_wrong_password_and_unknown_email_are_answered_alike(client: httpx.AsyncClient, alice: SignedIn) -> None:
    wrong = await login(client, "alice@example.com", "Wrong-Horse-7")
    unknown = await login(client, "nobody@example.com", PASSWORD)

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["error"] == unknown.json()["error"]
    assert wrong.json()["error"]["code"] == "AUTH_INVALID_CREDENTIALS"


async def test_account_without_a_password_cannot_be_entered_by_one(
    client: httpx.AsyncClient, alice: SignedIn, supabase: Supabase
) -> None:
    await change_user(supabase, alice.user_id, password_hash=None)

    assert (await login(client)).status_code == 401


async def test_sixth_failed_login_is_refused_whatever_the_password(client: httpx.AsyncClient, alice: SignedIn) -> None:
    failures = [(await login(client, password="Wrong-Horse-7")).status_code for _ in range(5)]
    refused = await login(client)

    assert failures == [401] * 5
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60


async def test_parallel_guesses_count_as_well(client: httpx.AsyncClient, alice: SignedIn) -> None:
    responses = await asyncio.gather(*(login(client, password="Wrong-Horse-7") for _ in range(12)))

    assert Counter(response.status_code for response in responses) == {401: 5, 429: 7}


async def test_success_clears_the_failures(client: httpx.AsyncClient, alice: SignedIn) -> None:
    passwords = ["x"] * 4 + [PASSWORD] + ["x"] * 4 + [PASSWORD]
    statuses = [(await login(client, password=password)).status_code for password in passwords]

    assert statuses == [401] * 4 + [200] + [401] * 4 + [200]


async def test_attempt_that_could_not_be_checked_is_no_failure(
    client: httpx.AsyncClient, alice: SignedIn, container: Container
) -> None:
    class Busy:
        async def verify(self, password: str, password_hash: str | None) -> Verification:
            raise PasswordsBusy

    with container.override(PasswordService, Busy(), strict=False):
        statuses = [(await login(client)).status_code for _ in range(7)]

    assert statuses == [503] * 7
    assert (await login(client)).status_code == 200


async def test_any_number_of_good_logins_is_fine(client: httpx.AsyncClient, alice: SignedIn) -> None:
    assert {(await login(client)).status_code for _ in range(8)} == {200}


async def test_locked_email_does_not_lock_others_of_the_address(
    client: httpx.AsyncClient, alice: SignedIn, bob: SignedIn
) -> None:
    for _ in range(6):
        await login(client, password="Wrong-Horse-7")

    assert (await login(client, "bob@example.com")).status_code == 200


async def test_fifty_failures_lock_an_address_for_any_email(client: httpx.AsyncClient, alice: SignedIn) -> None:
    for number in range(50):
        await login(client, f"guess{number}@example.com", "x")

    assert (await login(client)).status_code == 429


async def test_lockout_is_audited_once(client: httpx.AsyncClient, alice: SignedIn, audit_trail: AuditTrail) -> None:
    for _ in range(9):
        await login(client, password="Wrong-Horse-7")

    assert Counter(await audit_trail())["account_locked", False] == 1


async def test_logins_are_audited(client: httpx.AsyncClient, alice: SignedIn, audit_trail: AuditTrail) -> None:
    await login(client, password="Wrong-Horse-7")

    assert await audit_trail() == [("signup_success", True), ("login_success", True), ("login_failed", False)]


async def test_login_renews_a_hash_of_another_cost(
    client: httpx.AsyncClient, alice: SignedIn, supabase: Supabase
) -> None:
    await change_user(supabase, alice.user_id, password_hash=Argon2Hasher(2, 16, 1).hash(PASSWORD))
    response = await login(client)
    async with supabase.side_session() as session:
        renewed = await session.scalar(select(User.password_hash))

    assert response.status_code == 200
    assert str(renewed).startswith("$argon2id$v=19$m=8,t=1,p=1$")


async def test_form_login_gives_what_the_documentation_page_needs(client: httpx.AsyncClient, alice: SignedIn) -> None:
    form = {"grant_type": "password", "username": "alice@example.com", "password": PASSWORD}
    response = await client.post(f"{API}/auth/token", data=form)
    headers = {"Authorization": f"Bearer {response.json()['access_token']}"}

    assert response.json()["token_type"] == "bearer"
    assert "set-cookie" not in response.headers
    assert (await client.get(ME, headers=headers)).status_code == 200


async def test_form_login_is_limited_like_any_other(client: httpx.AsyncClient, alice: SignedIn) -> None:
    form = {"username": "alice@example.com", "password": "Wrong-Horse-7"}
    for _ in range(5):
        await client.post(f"{API}/auth/token", data=form)

    assert (await login(client)).status_code == 429


async def test_login_holds_no_connection_while_the_password_waits(
    client: httpx.AsyncClient, container: Container, supabase: Supabase
) -> None:
    class Slow:
        waiting = 0
        all_wait, go_on = asyncio.Event(), asyncio.Event()

        async def verify(self, password: str, password_hash: str | None) -> Verification:
            self.waiting += 1
            if self.waiting == 20:
                self.all_wait.set()
            await self.go_on.wait()
            return Verification(matches=False)

    slow = Slow()
    with container.override(PasswordService, slow, strict=False):
        logins = [asyncio.create_task(login(client, f"nobody{number}@example.com", "x")) for number in range(20)]
        await slow.all_wait.wait()
        async with supabase.side_session() as session:
            held = await session.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'aurastream'"
                    " AND datname = current_database() AND state LIKE 'idle in transaction%'"
                )
            )
        slow.go_on.set()
        statuses = {response.status_code for response in await asyncio.gather(*logins)}

    assert (held, statuses) == (0, {401})
