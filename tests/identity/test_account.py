"""What the owner of an account does with it."""

import asyncio
from collections import Counter
from typing import Any

import httpx
from sqlalchemy import func, select, text

from backend.clients.redis import Redis
from backend.clients.supabase import Supabase
from backend.db.repositories.user_identities import UserIdentityRepository
from backend.db.tables.identity import Provider, User
from backend.services.background import BackgroundWork
from backend.services.identity.token_store import TokenStore
from di import Container
from tests.identity.conftest import AuditTrail, Mailbox, MailedToken
from tests.support.accounts import API, PASSWORD, SignedIn
from tests.support.identity import change_user

ME, MY_PASSWORD, LOGIN = f"{API}/auth/me", f"{API}/auth/me/password", f"{API}/auth/login"
ASK_RESET, RESET = f"{API}/auth/password-reset/request", f"{API}/auth/password-reset/confirm"
NEW = "Another-Horse-8"


async def login(client: httpx.AsyncClient, email: str, password: str) -> int:
    status = (await client.post(LOGIN, json={"email": email, "password": password})).status_code
    client.cookies.clear()
    return status


async def refresh(client: httpx.AsyncClient, token: str) -> int:
    return (await client.post(f"{API}/auth/refresh", json={"refresh_token": token})).status_code


async def delete_me(person: SignedIn, **body: Any) -> httpx.Response:
    return await person.request("DELETE", ME, json={"confirmation": "DELETE"} | body)


async def enter_through_provider_only(supabase: Supabase, person: SignedIn) -> None:
    async with supabase.side_session() as session:
        await UserIdentityRepository(session).link(person.user_id, Provider.TWITCH, "1234", None)
    await change_user(supabase, person.user_id, password_hash=None)


async def log_in_long_ago(redis: Redis, container: Container, person: SignedIn) -> None:
    """Let the session at hand be an hour old, as its next tokens will say."""
    for key in await redis.keys("refresh_token:*"):
        await redis.hincrby(key, "opened_at", -3600)
    person.use(
        (await person.post(f"{API}/auth/refresh", json={"refresh_token": person.tokens["refresh_token"]})).json()
    )


async def test_profile_is_changed_field_by_field(alice: SignedIn) -> None:
    picture = "https://cdn.example.com/a.png"
    first = await alice.put(ME, json={"avatar_url": picture})
    second = await alice.put(ME, json={"display_name": " Nova_2 "})

    assert (first.json()["display_name"], first.json()["avatar_url"]) == ("Alice", picture)
    assert (second.json()["display_name"], second.json()["avatar_url"]) == ("Nova_2", picture)


async def test_picture_can_be_taken_away(alice: SignedIn) -> None:
    await alice.put(ME, json={"avatar_url": "https://cdn.example.com/a.png"})

    assert (await alice.put(ME, json={"avatar_url": None})).json()["avatar_url"] is None


async def test_wrong_profile_is_refused(alice: SignedIn) -> None:
    bodies: list[dict[str, Any]] = [
        {},
        {"display_name": ""},
        {"display_name": None},
        {"avatar_url": "http://cdn.example.com/a.png"},
        {"avatar_url": "javascript:alert(1)"},
        {"avatar_url": "https://"},
        {"avatar_url": "https://cdn.example.com/" + "x" * 2048},
        {"email": "other@example.com"},
        {"role": "admin"},
    ]
    statuses = [(await alice.put(ME, json=body)).status_code for body in bodies]

    assert statuses == [422] * len(bodies)


async def test_changed_password_replaces_the_old_one(client: httpx.AsyncClient, alice: SignedIn) -> None:
    response = await alice.post(MY_PASSWORD, json={"current_password": PASSWORD, "new_password": NEW})

    assert response.status_code == 200
    assert await login(client, alice.email, PASSWORD) == 401
    assert await login(client, alice.email, NEW) == 200


async def test_password_change_ends_every_session_and_opens_one_for_the_caller(
    client: httpx.AsyncClient, alice: SignedIn
) -> None:
    other = (await client.post(LOGIN, json={"email": alice.email, "password": PASSWORD})).json()
    old = alice.tokens
    response = await alice.post(MY_PASSWORD, json={"current_password": PASSWORD, "new_password": NEW})
    before = (await alice.get(ME)).status_code
    alice.use(response.json())

    assert (before, (await alice.get(ME)).status_code) == (401, 200)
    assert [await refresh(client, each["refresh_token"]) for each in (old, other)] == [401, 401]
    assert (await alice.get(f"{API}/auth/sessions")).json()["total"] == 1


async def test_wrong_current_password_is_refused_and_audited(alice: SignedIn, audit_trail: AuditTrail) -> None:
    change = await alice.post(MY_PASSWORD, json={"current_password": "Wrong-Horse-7", "new_password": NEW})
    deletion = await delete_me(alice, password="Wrong-Horse-7")

    assert (change.status_code, deletion.status_code) == (401, 401)
    assert change.json()["error"]["code"] == deletion.json()["error"]["code"] == "AUTH_INVALID_CREDENTIALS"
    assert (await audit_trail())[-2:] == [("password_change", False), ("account_deleted", False)]


async def test_current_password_cannot_be_guessed_without_end(alice: SignedIn) -> None:
    body = {"current_password": "Wrong-Horse-7", "new_password": NEW}
    statuses = [(await alice.post(MY_PASSWORD, json=body)).status_code for _ in range(6)]

    assert statuses == [401] * 5 + [429]


async def test_weak_new_password_changes_nothing(client: httpx.AsyncClient, alice: SignedIn) -> None:
    response = await alice.post(MY_PASSWORD, json={"current_password": PASSWORD, "new_password": "abcdefgh"})

    assert response.status_code == 422
    assert (await alice.get(ME)).status_code == 200
    assert await login(client, alice.email, PASSWORD) == 200


async def test_password_stays_when_sessions_cannot_be_ended(
    client: httpx.AsyncClient, alice: SignedIn, supabase: Supabase, redis_outage: None
) -> None:
    async with supabase.side_session() as session:
        before = await session.scalar(select(User.password_hash))
    response = await alice.post(MY_PASSWORD, json={"current_password": PASSWORD, "new_password": NEW})
    async with supabase.side_session() as session:
        after = await session.scalar(select(User.password_hash))

    assert response.status_code == 503
    assert before == after


async def test_owner_is_told_of_a_changed_password(alice: SignedIn, mailbox: Mailbox) -> None:
    await alice.post(MY_PASSWORD, json={"current_password": PASSWORD, "new_password": NEW})

    assert (await mailbox())[-1][:2] == (alice.email, "AuraStream: Your password was changed")


async def test_deleted_account_is_gone_with_its_sessions(
    client: httpx.AsyncClient, alice: SignedIn, supabase: Supabase
) -> None:
    response = await delete_me(alice, password=PASSWORD)
    async with supabase.side_session() as session:
        accounts = await session.scalar(select(func.count()).select_from(User))

    assert (response.status_code, accounts) == (200, 0)
    assert (await alice.get(ME)).status_code == 401
    assert await refresh(client, alice.tokens["refresh_token"]) == 401
    assert await login(client, alice.email, PASSWORD) == 401


async def test_email_of_a_deleted_account_is_free(client: httpx.AsyncClient, alice: SignedIn) -> None:
    await delete_me(alice, password=PASSWORD)
    body = {"email": alice.email, "password": PASSWORD, "display_name": "A", "accept_terms": True}

    assert (await client.post(f"{API}/auth/signup", json=body)).status_code == 201


async def test_deletion_must_be_confirmed(alice: SignedIn) -> None:
    statuses = [
        (await alice.request("DELETE", ME, json=body)).status_code
        for body in ({"password": PASSWORD}, {"password": PASSWORD, "confirmation": "delete"}, {})
    ]

    assert statuses == [422] * 3


async def test_account_without_password_is_deleted_by_a_recent_login(alice: SignedIn, supabase: Supabase) -> None:
    await enter_through_provider_only(supabase, alice)

    assert (await delete_me(alice)).status_code == 200


async def test_account_without_password_asks_for_a_login_that_is_long_ago(
    alice: SignedIn, supabase: Supabase, redis: Redis, container: Container
) -> None:
    await enter_through_provider_only(supabase, alice)
    await log_in_long_ago(redis, container, alice)
    response = await delete_me(alice)

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "AUTH_REAUTHENTICATION_REQUIRED"
    assert response.json()["error"]["details"] == {"providers": ["twitch"], "max_age_seconds": 600}


async def test_a_recent_login_is_no_substitute_for_a_password_that_exists(alice: SignedIn) -> None:
    assert (await delete_me(alice)).status_code == 401


async def test_account_without_password_may_set_one(
    client: httpx.AsyncClient, alice: SignedIn, supabase: Supabase
) -> None:
    await enter_through_provider_only(supabase, alice)
    response = await alice.post(MY_PASSWORD, json={"new_password": NEW})

    assert response.status_code == 200
    assert await login(client, alice.email, NEW) == 200


async def ask_reset(client: httpx.AsyncClient, email: str) -> httpx.Response:
    return await client.post(ASK_RESET, json={"email": email})


async def test_reset_sets_another_password_once(
    client: httpx.AsyncClient, alice: SignedIn, mailed_token: MailedToken
) -> None:
    await ask_reset(client, alice.email)
    body = {"token": await mailed_token("reset-password"), "new_password": NEW}
    responses = await asyncio.gather(*(client.post(RESET, json=body) for _ in range(6)))

    assert Counter(response.status_code for response in responses) == {200: 1, 400: 5}
    assert await login(client, alice.email, NEW) == 200
    assert await login(client, alice.email, PASSWORD) == 401


async def test_reset_ends_every_session(
    client: httpx.AsyncClient, alice: SignedIn, mailed_token: MailedToken, container: Container
) -> None:
    await ask_reset(client, alice.email)
    await client.post(RESET, json={"token": await mailed_token("reset-password"), "new_password": NEW})

    assert (await alice.get(ME)).status_code == 401
    assert await refresh(client, alice.tokens["refresh_token"]) == 401
    assert await container[TokenStore].count(alice.user_id) == 0


async def test_weak_password_does_not_use_the_link_up(
    client: httpx.AsyncClient, alice: SignedIn, mailed_token: MailedToken
) -> None:
    await ask_reset(client, alice.email)
    token = await mailed_token("reset-password")
    weak = await client.post(RESET, json={"token": token, "new_password": "abcdefgh"})
    strong = await client.post(RESET, json={"token": token, "new_password": NEW})

    assert (weak.status_code, strong.status_code) == (422, 200)


async def test_reset_is_asked_for_alike_by_known_and_unknown_emails(
    client: httpx.AsyncClient, alice: SignedIn, mailbox: Mailbox, container: Container
) -> None:
    known, unknown = await ask_reset(client, alice.email), await ask_reset(client, "nobody@example.com")
    await container[BackgroundWork].drain()

    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    assert [to for to, subject, _ in await mailbox() if "password" in subject] == [alice.email]


async def test_fourth_reset_mail_in_an_hour_is_refused(client: httpx.AsyncClient, alice: SignedIn) -> None:
    statuses = [(await ask_reset(client, email)).status_code for email in [alice.email] * 3 + ["ALICE@example.com"]]

    assert statuses == [200] * 3 + [429]


async def test_link_of_one_kind_does_not_open_the_other(
    client: httpx.AsyncClient, alice: SignedIn, mailed_token: MailedToken
) -> None:
    verification = await mailed_token("verify-email")
    await ask_reset(client, alice.email)
    reset = await mailed_token("reset-password")
    responses = [
        await client.post(RESET, json={"token": verification, "new_password": NEW}),
        await client.post(f"{API}/auth/email/verify/{reset}"),
    ]

    assert [response.status_code for response in responses] == [400, 400]
    assert {response.json()["error"]["code"] for response in responses} == {"AUTH_TOKEN_INVALID"}


async def test_opening_the_link_of_a_mail_confirms_nothing(
    client: httpx.AsyncClient, alice: SignedIn, mailed_token: MailedToken
) -> None:
    path = f"{API}/auth/email/verify/{await mailed_token('verify-email')}"
    page = await client.get(path)
    before = (await alice.get(ME)).json()["email_verified"]
    confirmed = await client.post(path)

    assert page.headers["content-type"].startswith("text/html")
    assert '<form method="post">' in page.text
    assert (before, confirmed.status_code) == (False, 200)
    assert (await alice.get(ME)).json()["email_verified"] is True


async def test_verification_mail_can_be_asked_for_again(
    client: httpx.AsyncClient, alice: SignedIn, mailed_token: MailedToken
) -> None:
    first = await mailed_token("verify-email")
    await alice.post(f"{API}/auth/email/verify/request")
    second = await mailed_token("verify-email")

    assert (await client.post(f"{API}/auth/email/verify/{first}")).status_code == 400
    assert (await client.post(f"{API}/auth/email/verify/{second}")).status_code == 200


async def test_confirmed_email_gets_no_further_mail(
    client: httpx.AsyncClient, alice: SignedIn, mailed_token: MailedToken, mailbox: Mailbox
) -> None:
    await client.post(f"{API}/auth/email/verify/{await mailed_token('verify-email')}")
    await alice.post(f"{API}/auth/email/verify/request")

    assert len(await mailbox()) == 1


async def test_fourth_verification_mail_in_an_hour_is_refused(alice: SignedIn) -> None:
    statuses = [(await alice.post(f"{API}/auth/email/verify/request")).status_code for _ in range(4)]

    assert statuses == [200] * 3 + [429]


async def test_account_shows_what_it_created_this_month(alice: SignedIn, supabase: Supabase) -> None:
    async with supabase.side_session() as session:
        await session.execute(
            text(
                "INSERT INTO user_usage (user_id, period_start, creations_used)"
                " VALUES (:id, date_trunc('month', now(), 'UTC'), 2)"
            ),
            {"id": alice.user_id},
        )

    assert (await alice.get(ME)).json()["assets_generated_this_month"] == 2
