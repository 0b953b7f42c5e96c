"""Staying logged in, logging out, and what a thief of tokens gets."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from backend.clients.redis import Redis
from backend.clients.supabase import Supabase
from backend.db.tables.identity import Tier
from backend.services.identity.jwt_service import JWTService
from backend.services.identity.token_store import GRACE_MILLISECONDS
from di import Container
from tests.conftest import SignUp
from tests.identity.conftest import AuditTrail
from tests.support.accounts import API, PASSWORD, SignedIn
from tests.support.identity import change_user

REFRESH, ME, SESSIONS = f"{API}/auth/refresh", f"{API}/auth/me", f"{API}/auth/sessions"


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post(REFRESH, json={"refresh_token": token})


async def let_grace_pass(redis: Redis) -> None:
    """Move every rotation back, in the place of waiting."""
    for key in await redis.keys("refresh_token:*"):
        await redis.hincrby(key, "rotated_at", -GRACE_MILLISECONDS - 1)


async def second_session(client: httpx.AsyncClient, person: SignedIn) -> dict[str, str]:
    body = {"email": person.email, "password": person.password}
    tokens: dict[str, str] = (await client.post(f"{API}/auth/login", json=body)).json()
    client.cookies.clear()
    return tokens


async def test_refresh_gives_another_pair_that_works(client: httpx.AsyncClient, alice: SignedIn) -> None:
    first = alice.tokens
    renewed = (await refresh(client, first["refresh_token"])).json()
    alice.use(renewed)

    assert renewed["refresh_token"] != first["refresh_token"]
    assert (await alice.get(ME)).status_code == 200
    assert (await refresh(client, renewed["refresh_token"])).status_code == 200


async def test_twenty_parallel_refreshes_give_exactly_one_new_pair(client: httpx.AsyncClient, alice: SignedIn) -> None:
    token = alice.tokens["refresh_token"]
    responses = await asyncio.gather(*(refresh(client, token) for _ in range(20)))
    pairs = {(body["access_token"], body["refresh_token"]) for body in (each.json() for each in responses)}

    assert {response.status_code for response in responses} == {200}
    assert len(pairs) == 1
    assert token not in pairs.pop()


async def test_a_replayed_token_ends_the_session_for_good(
    client: httpx.AsyncClient, alice: SignedIn, redis: Redis
) -> None:
    stolen = alice.tokens["refresh_token"]
    current = (await refresh(client, stolen)).json()
    await let_grace_pass(redis)
    tries = [await refresh(client, token) for token in (stolen, current["refresh_token"], stolen)]
    alice.use(current)

    assert [response.status_code for response in tries] == [401, 401, 401]
    assert (await alice.get(ME)).json()["error"]["code"] == "AUTH_TOKEN_REVOKED"


async def test_a_replay_is_on_the_audit_trail(
    client: httpx.AsyncClient, alice: SignedIn, redis: Redis, audit_trail: AuditTrail
) -> None:
    await refresh(client, alice.tokens["refresh_token"])
    await let_grace_pass(redis)
    await refresh(client, alice.tokens["refresh_token"])

    assert (await audit_trail())[-2:] == [("token_refresh", True), ("suspicious_activity", False)]


async def test_a_signed_token_of_no_session_is_refused(
    client: httpx.AsyncClient, alice: SignedIn, container: Container
) -> None:
    forged = container[JWTService].create_refresh(
        alice.user_id, session_id=uuid4(), token_version=0, expires_at=datetime.now(UTC) + timedelta(days=1)
    )

    assert (await refresh(client, forged)).status_code == 401


async def test_a_signed_token_that_was_never_given_out_ends_its_session(
    client: httpx.AsyncClient, alice: SignedIn, container: Container
) -> None:
    jwt = container[JWTService]
    claims = jwt.decode_refresh(alice.tokens["refresh_token"])
    forged = jwt.create_refresh(
        alice.user_id, session_id=claims.session_id, token_version=0, expires_at=claims.expires_at
    )

    assert (await refresh(client, forged)).status_code == 401
    assert (await refresh(client, alice.tokens["refresh_token"])).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x" * 5000])
async def test_garbage_is_no_refresh_token(client: httpx.AsyncClient, token: str) -> None:
    assert (await refresh(client, token)).status_code in {401, 422}


async def test_an_access_token_does_not_refresh(client: httpx.AsyncClient, alice: SignedIn) -> None:
    response = await refresh(client, alice.tokens["access_token"])

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "AUTH_TOKEN_INVALID"


async def test_no_token_at_all_asks_for_a_login(client: httpx.AsyncClient) -> None:
    response = await client.post(REFRESH)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_refresh_shows_the_tier_as_it_is_now(
    client: httpx.AsyncClient, alice: SignedIn, supabase: Supabase, container: Container
) -> None:
    await change_user(supabase, alice.user_id, subscription_tier=Tier.STUDIO)
    renewed = (await refresh(client, alice.tokens["refresh_token"])).json()

    assert container[JWTService].decode_access(renewed["access_token"]).tier is Tier.STUDIO


async def test_refresh_dies_with_the_token_version_even_where_the_session_lives(
    client: httpx.AsyncClient, alice: SignedIn, supabase: Supabase
) -> None:
    await change_user(supabase, alice.user_id, token_version=1)
    response = await refresh(client, alice.tokens["refresh_token"])

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "AUTH_TOKEN_REVOKED"


async def test_refresh_is_limited(client: httpx.AsyncClient, alice: SignedIn) -> None:
    token = alice.tokens["refresh_token"]
    responses = [await refresh(client, token) for _ in range(31)]

    assert Counter(response.status_code for response in responses) == {200: 30, 429: 1}


async def test_remembered_session_stays_remembered(client: httpx.AsyncClient, sign_up: SignUp) -> None:
    await sign_up("nova@example.com")
    body = {"email": "nova@example.com", "password": PASSWORD, "remember_me": True}
    await client.post(f"{API}/auth/login", json=body)
    response = await client.post(REFRESH)

    assert all("Max-Age" in cookie for cookie in response.headers.get_list("set-cookie"))
    assert datetime.fromisoformat(response.json()["refresh_expires_at"]) > datetime.now(UTC) + timedelta(days=29)


async def test_forgetful_session_stays_forgetful(client: httpx.AsyncClient, alice: SignedIn) -> None:
    renewed = (await refresh(client, alice.tokens["refresh_token"])).json()

    assert datetime.fromisoformat(renewed["refresh_expires_at"]) < datetime.now(UTC) + timedelta(hours=25)


async def test_browser_refreshes_by_its_cookie(client: httpx.AsyncClient, alice: SignedIn) -> None:
    await client.post(f"{API}/auth/login", json={"email": alice.email, "password": PASSWORD})
    before = client.cookies["refresh_token"]
    response = await client.post(REFRESH)

    assert response.status_code == 200
    assert client.cookies["refresh_token"] == response.json()["refresh_token"] != before
    assert (await client.get(ME)).status_code == 200


async def test_refresh_by_body_sets_no_cookies(client: httpx.AsyncClient, alice: SignedIn) -> None:
    response = await refresh(client, alice.tokens["refresh_token"])

    assert "set-cookie" not in response.headers


async def test_logout_ends_both_tokens(client: httpx.AsyncClient, alice: SignedIn) -> None:
    response = await alice.post(f"{API}/auth/logout")

    assert response.status_code == 200
    assert (await alice.get(ME)).json()["error"]["code"] == "AUTH_TOKEN_REVOKED"
    assert (await refresh(client, alice.tokens["refresh_token"])).status_code == 401


async def test_logout_removes_the_cookies(client: httpx.AsyncClient, alice: SignedIn) -> None:
    login = await client.post(f"{API}/auth/login", json={"email": alice.email, "password": PASSWORD})
    await client.post(f"{API}/auth/logout", headers={"X-CSRF-Token": login.json()["csrf_token"]})

    assert dict(client.cookies) == {}


async def test_logout_may_end_another_session_of_the_same_user(client: httpx.AsyncClient, alice: SignedIn) -> None:
    other = await second_session(client, alice)
    await alice.post(f"{API}/auth/logout", json={"refresh_token": other["refresh_token"]})

    assert (await refresh(client, other["refresh_token"])).status_code == 401


async def test_logout_cannot_end_a_session_of_somebody_else(
    client: httpx.AsyncClient, alice: SignedIn, bob: SignedIn
) -> None:
    await alice.post(f"{API}/auth/logout", json={"refresh_token": bob.tokens["refresh_token"]})

    assert (await bob.get(ME)).status_code == 200


async def test_logout_with_a_bad_refresh_token_ends_nothing(alice: SignedIn) -> None:
    response = await alice.post(f"{API}/auth/logout", json={"refresh_token": "x"})

    assert response.status_code == 401
    assert (await alice.get(ME)).status_code == 200


async def test_logout_everywhere_ends_every_session(client: httpx.AsyncClient, alice: SignedIn, bob: SignedIn) -> None:
    other = await second_session(client, alice)
    response = await alice.post(f"{API}/auth/logout-all")

    assert response.json()["ended"] == 2
    assert (await alice.get(ME)).status_code == 401
    assert (await refresh(client, other["refresh_token"])).status_code == 401
    assert (await bob.get(ME)).status_code == 200


async def test_sessions_are_listed_with_the_current_one_marked(client: httpx.AsyncClient, alice: SignedIn) -> None:
    await second_session(client, alice)
    listed = (await alice.get(SESSIONS)).json()

    assert listed["total"] == 2
    assert Counter(session["current"] for session in listed["sessions"]) == {True: 1, False: 1}
    assert {session["ip"] for session in listed["sessions"]} == {"127.0.0.1"}


async def test_other_sessions_can_be_ended(client: httpx.AsyncClient, alice: SignedIn) -> None:
    other = await second_session(client, alice)
    response = await alice.delete(SESSIONS)

    assert response.json()["ended"] == 1
    assert (await alice.get(ME)).status_code == 200
    assert (await refresh(client, other["refresh_token"])).status_code == 401


async def test_one_session_can_be_ended(client: httpx.AsyncClient, alice: SignedIn) -> None:
    other = await second_session(client, alice)
    listed = (await alice.get(SESSIONS)).json()["sessions"]
    session_id = next(session["id"] for session in listed if not session["current"])
    response = await alice.delete(f"{SESSIONS}/{session_id}")

    assert response.status_code == 204
    assert (await refresh(client, other["refresh_token"])).status_code == 401


async def test_session_of_somebody_else_cannot_be_ended(alice: SignedIn, bob: SignedIn) -> None:
    session_id = (await bob.get(SESSIONS)).json()["sessions"][0]["id"]
    response = await alice.delete(f"{SESSIONS}/{session_id}")

    assert response.status_code == 404
    assert (await bob.get(ME)).status_code == 200


async def test_without_valkey_nobody_logs_in_or_refreshes(
    client: httpx.AsyncClient, alice: SignedIn, redis_outage: None
) -> None:
    body = {"email": alice.email, "password": PASSWORD}
    change = {"current_password": PASSWORD, "new_password": "Another-Horse-8"}
    responses = [
        await client.post(f"{API}/auth/login", json=body),
        await refresh(client, alice.tokens["refresh_token"]),
        await alice.post(f"{API}/auth/me/password", json=change),
        await alice.post(f"{API}/auth/logout"),
    ]

    assert [response.status_code for response in responses] == [503] * 4
    assert {response.json()["error"]["code"] for response in responses} == {"SERVICE_UNAVAILABLE"}


async def test_without_valkey_reading_goes_on(alice: SignedIn, redis_outage: None) -> None:
    assert (await alice.get(ME)).status_code == 200


async def test_without_valkey_a_deleted_account_stays_out(
    alice: SignedIn, supabase: Supabase, redis_outage: None
) -> None:
    await change_user(supabase, alice.user_id, token_version=1)

    assert (await alice.get(ME)).status_code == 401
