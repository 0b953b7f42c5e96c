"""How often anybody may call, and what is left of a month."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from backend.clients.supabase import Supabase
from backend.db.repositories.usage import UsageRepository
from backend.db.tables.identity import Feature, Tier
from backend.services.usage.usage_limit_service import UsageLimitService
from backend.settings import Settings
from tests.conftest import MakeSettings
from tests.support.accounts import API, SignedIn
from tests.support.identity import set_tier

ME, LOGIN = f"{API}/auth/me", f"{API}/auth/login"


@pytest.fixture
def settings(make_settings: MakeSettings, database_url: str, redis_url: str) -> Settings:
    """Allow few requests, behind one trusted proxy."""
    return make_settings(
        database_url=database_url,
        redis_url=redis_url,
        requests_per_minute_anonymous=8,
        requests_per_minute_free=5,
        requests_per_minute_pro=10,
        trusted_proxies=("10.0.0.0/8",),
    )


@pytest.fixture
async def behind_proxy(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Call as a trusted proxy does."""
    transport = httpx.ASGITransport(app, client=("10.0.0.1", 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


async def test_requests_of_an_address_are_counted(client: httpx.AsyncClient) -> None:
    responses = [await client.get(ME) for _ in range(9)]
    refused = responses[-1]

    assert [response.status_code for response in responses] == [401] * 8 + [429]
    assert refused.json()["error"]["code"] == "API_RATE_LIMIT_EXCEEDED"
    assert 0 < int(refused.headers["Retry-After"]) <= 60


async def test_requests_of_a_user_are_counted_by_user(
    client: httpx.AsyncClient, alice: SignedIn, bob: SignedIn
) -> None:
    statuses = [(await alice.get(ME)).status_code for _ in range(6)]

    assert statuses == [200] * 5 + [429]
    assert (await bob.get(ME)).status_code == 200


async def test_answers_say_how_many_requests_are_left(alice: SignedIn) -> None:
    first, second = await alice.get(ME), await alice.get(ME)

    assert first.headers["X-RateLimit-Limit"] == "5"
    assert (first.headers["X-RateLimit-Remaining"], second.headers["X-RateLimit-Remaining"]) == ("4", "3")
    assert 0 < int(first.headers["X-RateLimit-Reset"]) <= 60


async def test_limit_rises_with_the_tier(alice: SignedIn, supabase: Supabase) -> None:
    await set_tier(supabase, alice.user_id, Tier.PRO)

    assert (await alice.get(ME)).headers["X-RateLimit-Limit"] == "10"


async def test_spoofed_forwarding_does_not_change_who_is_counted(client: httpx.AsyncClient) -> None:
    statuses = [
        (await client.get(ME, headers={"X-Forwarded-For": f"198.51.100.{number}"})).status_code for number in range(9)
    ]

    assert statuses[-1] == 429


async def test_behind_a_trusted_proxy_the_last_untrusted_hop_counts(behind_proxy: httpx.AsyncClient) -> None:
    async def ask(forwarded: str) -> int:
        return (await behind_proxy.get(ME, headers={"X-Forwarded-For": forwarded})).status_code

    spoofing = [await ask(f"198.51.100.{number}, 203.0.113.9") for number in range(9)]

    assert spoofing[-1] == 429
    assert await ask("203.0.113.10") == 401


async def test_health_is_not_counted(client: httpx.AsyncClient) -> None:
    assert {(await client.get("/health/live")).status_code for _ in range(12)} == {200}


async def take(supabase: Supabase, person: SignedIn, feature: Feature, amount: int) -> None:
    async with supabase.side_session() as session:
        await UsageLimitService(UsageRepository(session)).reserve(person.user_id, feature, key=uuid4(), amount=amount)


async def test_status_shows_every_feature(alice: SignedIn, supabase: Supabase) -> None:
    await take(supabase, alice, Feature.CREATIONS, 2)
    body = (await alice.get(f"{API}/usage/status")).json()

    assert (body["tier"], set(body["features"])) == ("free", set(Feature))
    assert body["features"]["creations"] == {"used": 2, "limit": 3, "remaining": 1, "unlimited": False}
    assert body["resets_at"].endswith("-01T00:00:00Z")


async def test_check_of_a_spent_feature_invites_to_upgrade(alice: SignedIn, supabase: Supabase) -> None:
    await take(supabase, alice, Feature.COACH, 1)
    body = (await alice.get(f"{API}/usage/check/coach")).json()

    assert (body["can_use"], body["used"], body["remaining"], body["tier"]) == (False, 1, 0, "free")
    assert "Upgrade" in body["upgrade_message"]


async def test_check_of_a_spent_paid_feature_says_when_it_resets(alice: SignedIn, supabase: Supabase) -> None:
    await set_tier(supabase, alice.user_id, Tier.PRO)
    await take(supabase, alice, Feature.VIBE_BRANDING, 10)
    message = (await alice.get(f"{API}/usage/check/vibe_branding")).json()["upgrade_message"]

    assert "You get new ones on 01 " in message


async def test_usable_feature_has_no_advice(alice: SignedIn) -> None:
    body = (await alice.get(f"{API}/usage/check/creations")).json()

    assert (body["can_use"], body["upgrade_message"]) == (True, None)


async def test_unknown_feature_is_refused(alice: SignedIn) -> None:
    assert (await alice.get(f"{API}/usage/check/wishes")).status_code == 422


async def test_usage_needs_a_login(client: httpx.AsyncClient) -> None:
    paths = (f"{API}/usage/status", f"{API}/usage/check/creations")

    assert [(await client.get(path)).status_code for path in paths] == [401, 401]
