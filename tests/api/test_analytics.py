"""Reporting events as anybody, reading reports as an administrator."""

import asyncio
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import ProgrammingError

from backend.db.caller import Caller
from backend.db.tables.analytics import AnalyticsEvents
from backend.db.tables.identity import AccountRole, AuditRow, User
from tests.conftest import SessionAs, SignUp
from tests.support.accounts import SignedIn

ANALYTICS = "/api/v1/analytics"
_NUMBERS = count(1)


@pytest.fixture
async def admin(sign_up: SignUp, session_as: SessionAs) -> SignedIn:
    person = await sign_up("admin@example.com")
    async with session_as(Caller.service()) as session:
        await session.execute(update(User).where(User.id == person.user_id).values(role=AccountRole.ADMIN))
    return person


def base(**changes: Any) -> dict[str, Any]:
    return {
        "timestamp": 1_763_900_000_000,
        "sessionId": "session-1",
        "deviceId": "device-1",
        "url": "https://app.example.com/studio",
        "userAgent": "Mozilla/5.0",
        "screenResolution": "1920x1080",
        "viewport": "1280x720",
        "timezone": "Europe/Berlin",
        "language": "de",
    } | changes


def event(name: str = "page_viewed", **changes: Any) -> dict[str, Any]:
    plain = {"id": f"event-{next(_NUMBERS)}", "name": name, "category": "page", "properties": {}, "base": base()}
    return plain | {"createdAt": 1_763_900_000_000} | changes


def delivery(*events: dict[str, Any]) -> dict[str, Any]:
    return {"events": list(events), "metadata": {"sdk": "web", "version": "1.2.3"}}


async def total(admin: httpx.AsyncClient) -> int:
    return int((await admin.get(f"{ANALYTICS}/summary")).json()["totalEvents"])


async def test_anybody_may_report_events(client: httpx.AsyncClient) -> None:
    answer = await client.post(ANALYTICS, json=delivery(event(), event()))

    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert (body["success"], body["eventsReceived"], body["eventsStored"]) == (True, 2, 2)


async def test_a_repeated_delivery_stores_nothing(client: httpx.AsyncClient) -> None:
    body = delivery(event(retryCount=0), event())
    await client.post(ANALYTICS, json=body)

    assert (await client.post(ANALYTICS, json=body)).json()["eventsStored"] == 0


async def test_the_user_of_an_event_is_the_one_who_is_logged_in(
    client: httpx.AsyncClient, alice: SignedIn, admin: SignedIn
) -> None:
    claimed = base(userId=str(admin.user_id))
    await client.post(ANALYTICS, json=delivery(event(base=claimed | {"sessionId": "anonymous"})))
    await alice.post(ANALYTICS, json=delivery(event(base=claimed | {"sessionId": "alice"})))

    sessions = (await admin.get(f"{ANALYTICS}/summary")).json()["recentSessions"]

    assert {each["sessionId"]: each["userId"] for each in sessions} == {
        "anonymous": None,
        "alice": str(alice.user_id),
    }


def long_text(length: int) -> dict[str, str]:
    return {"text": "x" * (length - len('{"text": ""}'))}


BAD_DELIVERIES: dict[str, Any] = {
    "no events": delivery(),
    "too many events": delivery(*(event() for _ in range(101))),
    "no metadata": {"events": [event()]},
    "unknown field": delivery(event()) | {"extra": 1},
    "unknown field of an event": delivery(event(extra=1)),
    "upper case name": delivery(event("PageViewed")),
    "name with a newline": delivery(event("page\n")),
    "empty name": delivery(event("")),
    "long name": delivery(event("a" * 129)),
    "unknown category": delivery(event(category="money")),
    "long id": delivery(event(id="x" * 65)),
    "id with a space": delivery(event(id="a b")),
    "NUL in an id": delivery(event(id="a\0b")),
    "long properties": delivery(event(properties=long_text(10_000))),
    "properties that are no object": delivery(event(properties=[1])),
    "NUL deep in properties": delivery(event(properties={"a": [{"b": "\0"}]})),
    "no session": delivery(event(base={k: v for k, v in base().items() if k != "sessionId"})),
    "bar and quote in a session": delivery(event(base=base(sessionId='a" |\u00e4'))),
    "time that is text": delivery(event(createdAt="yesterday")),
    "time before the epoch": delivery(event(createdAt=-1)),
    "time beyond all dates": delivery(event(createdAt=10**18)),
    "not an object": [1, 2],
    "null": None,
}


async def test_a_bad_delivery_is_refused_and_counts_nothing(
    admin: SignedIn,
) -> None:
    refused = {
        what: (answer.status_code, answer.json()["error"]["code"])
        for what, body in BAD_DELIVERIES.items()
        for answer in [await admin.post(ANALYTICS, json=body)]
    }

    assert refused == dict.fromkeys(BAD_DELIVERIES, (422, "VALIDATION_FAILED"))
    assert await total(admin) == 0


async def test_properties_may_be_nearly_ten_thousand_characters_long(client: httpx.AsyncClient) -> None:
    answer = await client.post(ANALYTICS, json=delivery(event(properties=long_text(9_999))))

    assert answer.status_code == 202, answer.text


async def test_a_body_that_cannot_be_read_is_refused(client: httpx.AsyncClient) -> None:
    bodies = {
        "empty": b"",
        "cut off": b"{",
        "deep": b'{"events": ' + b"[" * 100_000,
        "not text": b"\xff\xfe",
        "large": b'{"a": "' + b"x" * 600_000 + b'"}',
    }
    headers = {"Content-Type": "application/json"}

    answers = {what: await client.post(ANALYTICS, content=body, headers=headers) for what, body in bodies.items()}

    statuses = {what: answer.status_code for what, answer in answers.items()}
    assert statuses == {"empty": 422, "cut off": 422, "deep": 400, "not text": 422, "large": 413}
    assert all(answer.json().keys() == {"error", "request_id"} for answer in answers.values())


async def test_deliveries_are_limited(client: httpx.AsyncClient) -> None:
    answers = [await client.post(ANALYTICS, json=delivery(event())) for _ in range(65)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert int(refused[0].headers["retry-after"]) > 0


GUARDED = [
    ("GET", "/summary"),
    ("GET", "/popular-assets"),
    ("GET", "/flush-status"),
    ("POST", "/flush"),
    ("DELETE", "/clear"),
]


async def test_reports_and_maintenance_are_for_administrators(client: httpx.AsyncClient, alice: SignedIn) -> None:
    anonymous = [(await client.request(method, ANALYTICS + path)).status_code for method, path in GUARDED]
    users = [(await alice.request(method, ANALYTICS + path)).status_code for method, path in GUARDED]

    assert anonymous == [401] * len(GUARDED)
    assert users == [403] * len(GUARDED)


async def test_nothing_counted_gives_zeros(admin: SignedIn) -> None:
    summary = (await admin.get(f"{ANALYTICS}/summary")).json()

    assert {key: summary[key] for key in ("totalEvents", "activeSessions", "errorRate", "timeRange")} == {
        "totalEvents": 0,
        "activeSessions": 0,
        "errorRate": 0,
        "timeRange": "24h",
    }
    assert summary["eventBreakdown"] == summary["categoryDistribution"] == summary["recentSessions"] == []
    assert (await admin.get(f"{ANALYTICS}/flush-status")).json()["lastFlush"] is None
    assert (await admin.get(f"{ANALYTICS}/popular-assets")).json()["assetTypes"] == []


async def test_a_summary_counts_and_shares(client: httpx.AsyncClient, admin: SignedIn) -> None:
    long_session = base(sessionId="a-session-with-a-long-id")
    await client.post(
        ANALYTICS,
        json=delivery(
            event(), event(), event(base=long_session), event("error_occurred", category="error", base=long_session)
        ),
    )

    summary = (await admin.get(f"{ANALYTICS}/summary", params={"time_range": "1h"})).json()

    assert (summary["totalEvents"], summary["activeSessions"], summary["errorRate"]) == (4, 2, 0.25)
    assert [(each["name"], each["count"]) for each in summary["eventBreakdown"]] == [
        ("page_viewed", 3),
        ("error_occurred", 1),
    ]
    assert summary["categoryDistribution"] == [
        {"category": "page", "count": 3, "percentage": 75.0},
        {"category": "error", "count": 1, "percentage": 25.0},
    ]
    assert {each["sessionId"] for each in summary["recentSessions"]} == {"session-1", "a-session-wi"}


async def test_popular_assets_are_ranked(client: httpx.AsyncClient, admin: SignedIn) -> None:
    await client.post(
        ANALYTICS,
        json=delivery(
            event("asset_viewed", properties={"asset_type": "banner"}),
            event("asset_generated", properties={"assetType": "thumbnail"}),
            event("asset_shared", properties={"asset_type": {"not": "a name"}}),
        ),
    )

    body = (await admin.get(f"{ANALYTICS}/popular-assets", params={"days": 7, "limit": 5})).json()

    assert (body["days"], body["limit"]) == (7, 5)
    assert [(each["assetType"], each["score"]) for each in body["assetTypes"]] == [("thumbnail", 3), ("banner", 1)]


async def test_a_bad_query_is_refused(admin: SignedIn) -> None:
    queries = [
        "/summary?time_range=2h",
        "/popular-assets?days=0",
        "/popular-assets?days=366",
        "/popular-assets?days=x",
        "/popular-assets?limit=0",
        "/popular-assets?limit=51",
    ]

    answers = [await admin.get(ANALYTICS + query) for query in queries]

    assert [answer.status_code for answer in answers] == [422] * len(queries)


async def test_a_flush_by_hand_stores_and_is_on_record(
    client: httpx.AsyncClient, admin: SignedIn, session_as: SessionAs
) -> None:
    await client.post(ANALYTICS, json=delivery(event(), event()))

    first = (await admin.post(f"{ANALYTICS}/flush")).json()
    second = (await admin.post(f"{ANALYTICS}/flush")).json()
    forced = (await admin.post(f"{ANALYTICS}/flush", params={"force": True})).json()

    assert (first["success"], first["result"]["events_flushed"], first["result"]["skipped"]) == (True, 2, None)
    assert (second["success"], second["result"]["skipped"]) == (False, "recent")
    assert (forced["success"], forced["result"]["events_flushed"]) == (True, 0)
    assert (await admin.get(f"{ANALYTICS}/flush-status")).json()["lastFlush"] is not None
    async with session_as(Caller.service()) as session:
        trail = select(AuditRow.user_id).where(AuditRow.event_type == "analytics.flushed")
        assert set(await session.scalars(trail)) == {admin.user_id}


async def test_flushes_by_hand_at_once_store_each_event_once(
    client: httpx.AsyncClient, admin: SignedIn, session_as: SessionAs
) -> None:
    await client.post(ANALYTICS, json=delivery(*(event() for _ in range(100))))

    answers = await asyncio.gather(*(admin.post(f"{ANALYTICS}/flush", params={"force": True}) for _ in range(5)))

    assert {answer.status_code for answer in answers} == {200}
    async with session_as(Caller.service()) as session:
        assert await session.scalar(select(func.sum(AnalyticsEvents.event_count))) == 100


async def test_clearing_drops_what_is_not_stored(
    client: httpx.AsyncClient, admin: SignedIn, session_as: SessionAs
) -> None:
    await client.post(ANALYTICS, json=delivery(event()))
    await admin.post(f"{ANALYTICS}/flush")
    await client.post(ANALYTICS, json=delivery(event(base=base(sessionId=str(uuid4())))))

    answer = await admin.delete(f"{ANALYTICS}/clear")

    assert (answer.status_code, answer.json()["success"]) == (200, True)
    summary = (await admin.get(f"{ANALYTICS}/summary")).json()
    assert (summary["totalEvents"], summary["activeSessions"], summary["recentSessions"]) == (1, 0, [])


async def test_health_is_public(client: httpx.AsyncClient) -> None:
    body = (await client.get(f"{ANALYTICS}/health")).json()

    assert (body["status"], body["service"], body["redis"]) == ("healthy", "analytics", "connected")


async def test_a_user_cannot_touch_counters_in_the_database(alice: SignedIn, session_as: SessionAs) -> None:
    for caller in (Caller.user(alice.user_id), Caller.anonymous()):
        for table in ("analytics_events", "analytics_asset_popularity", "analytics_flushes"):
            with pytest.raises(ProgrammingError, match="permission denied"):
                async with session_as(caller) as session:
                    await session.execute(text(f"SELECT * FROM {table}"))
