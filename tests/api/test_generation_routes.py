"""Jobs over HTTP: request, watch by server-sent events, fetch, refine, cancel."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import QueuePool

from backend.clients.supabase import Supabase
from backend.db.tables.identity import Tier
from backend.services.generation.images import ImageGenerator
from di import Container
from tests.support.accounts import SignedIn
from tests.support.jobs import StagedImages, add_kit, eventually, run_job, set_tier

API = "/api/v1"


@pytest.fixture
def images(container: Container) -> Any:
    images = StagedImages()
    with container.override(ImageGenerator, images):
        yield images


@pytest.fixture
async def pro(container: Container, alice: SignedIn) -> SignedIn:
    await set_tier(container, alice.user_id, Tier.PRO)
    return alice


async def generate(client: SignedIn, **fields: Any) -> UUID:
    answer = await client.post(f"{API}/generate", json={"asset_type": "thumbnail", "custom_prompt": "a wolf"} | fields)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


async def finished(container: Container, client: SignedIn) -> UUID:
    job_id = await generate(client)
    await run_job(container, job_id)
    return job_id


def events_of(body: str) -> list[tuple[str | None, str, dict[str, Any]]]:
    """Read a whole stream: id, event and data of each event; comments are left out."""
    events = []
    for block in body.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if fields:
            events.append((fields.get("id"), fields["event"], json.loads(fields["data"])))
    return events


async def test_request_answers_with_the_queued_job(alice: SignedIn) -> None:
    answer = await alice.post(f"{API}/generate", json={"asset_type": "banner"})
    job = answer.json()
    assert answer.status_code == 201
    assert (job["status"], job["progress"], job["asset_type"]) == ("queued", 0, "banner")
    assert answer.headers["location"] == f"{API}/jobs/{job['id']}"


async def test_request_without_login_is_401(client: httpx.AsyncClient) -> None:
    assert (await client.post(f"{API}/generate", json={"asset_type": "banner"})).status_code == 401


DISHONOURABLE: Final[dict[str, dict[str, Any]]] = {
    "unknown type": {"asset_type": "poster"},
    "long prompt": {"custom_prompt": "x" * 3001},
    "NUL": {"custom_prompt": "nul \x00 byte"},
    "choice without a kit": {"brand_customization": {}},
    "index": {"brand_kit_id": str(uuid4()), "brand_customization": {"colors": {"primary_index": 5}}},
    "media": {"media_asset_ids": [str(uuid4())]},
    "description of nothing": {"canvas_snapshot_description": "a fox"},
    "unknown field": {"unknown": 1},
}


async def test_what_cannot_be_honoured_is_422(alice: SignedIn) -> None:
    answers = {
        name: await alice.post(f"{API}/generate", json={"asset_type": "thumbnail"} | fields)
        for name, fields in DISHONOURABLE.items()
    }
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(DISHONOURABLE, 422)
    assert all(answer.json()["error"]["details"]["errors"][0]["field"] for answer in answers.values())


async def test_spent_quota_is_403_with_the_numbers(alice: SignedIn) -> None:
    for _ in range(3):
        await generate(alice)
    answer = await alice.post(f"{API}/generate", json={"asset_type": "thumbnail"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (403, "limit_exceeded")
    assert (error["details"]["used"], error["details"]["limit"]) == (3, 3)


async def test_idempotency_key_replays_the_job(alice: SignedIn) -> None:
    body, headers = {"asset_type": "thumbnail"}, {"Idempotency-Key": "a key"}
    first = await alice.post(f"{API}/generate", json=body, headers=headers)
    again = await alice.post(f"{API}/generate", json=body, headers=headers)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert again.headers["idempotency-replayed"] == "true"


async def test_foreign_kit_is_404(container: Container, alice: SignedIn, bob: SignedIn) -> None:
    kit_id = await add_kit(container, bob.user_id)
    answer = await alice.post(f"{API}/generate", json={"asset_type": "banner", "brand_kit_id": str(kit_id)})
    assert answer.status_code == 404


async def test_list_counts_all_and_filters(alice: SignedIn) -> None:
    first = await generate(alice)
    await generate(alice)
    await alice.post(f"{API}/jobs/{first}/cancel")
    everything = (await alice.get(f"{API}/jobs", params={"limit": 1})).json()
    canceled = (await alice.get(f"{API}/jobs", params={"status": "canceled"})).json()
    assert (len(everything["jobs"]), everything["total"]) == (1, 2)
    assert [job["id"] for job in canceled["jobs"]] == [str(first)]


async def test_unknown_status_filter_is_422(alice: SignedIn) -> None:
    assert (await alice.get(f"{API}/jobs", params={"status": "lost"})).status_code == 422


async def test_job_of_somebody_else_is_404(alice: SignedIn, bob: SignedIn) -> None:
    job = f"{API}/jobs/{await generate(bob)}"
    answers = [
        await alice.get(job),
        await alice.get(f"{job}/assets"),
        await alice.get(f"{job}/stream"),
        await alice.post(f"{job}/cancel"),
        await alice.post(f"{job}/refine", json={"refinement": "make it blue"}),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert {answer.json()["error"]["code"] for answer in answers} == {"RESOURCE_NOT_FOUND"}


async def test_job_made_without_any_key_ends_as_a_downloadable_picture(container: Container, alice: SignedIn) -> None:
    job_id = await finished(container, alice)
    [asset] = (await alice.get(f"{API}/jobs/{job_id}/assets")).json()
    picture = await alice.get(asset["url"].replace("http://127.0.0.1:8000", ""))
    assert (picture.status_code, picture.content[:8]) == (200, b"\x89PNG\r\n\x1a\n")
    assert asset["metadata"]["renderer"] == "local"


async def test_stream_tells_every_step_and_ends(container: Container, images: StagedImages, alice: SignedIn) -> None:
    job_id = await generate(alice)
    watching = asyncio.create_task(alice.get(f"{API}/jobs/{job_id}/stream"))
    await run_job(container, job_id)
    answer = await watching
    events = events_of(answer.text)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [event[0] for event in events][-1] == "7"
    assert events[-1][1] == events[-1][2]["type"] == "completed"
    assert events[-1][2]["asset"]["url"]


async def test_stream_goes_on_after_the_last_event_id(
    container: Container, images: StagedImages, alice: SignedIn
) -> None:
    job_id = await finished(container, alice)
    answer = await alice.get(f"{API}/jobs/{job_id}/stream", headers={"Last-Event-ID": "4"})
    assert [event[0] for event in events_of(answer.text)] == ["5", "6", "7"]


async def test_senseless_last_event_id_starts_at_the_present(
    container: Container, images: StagedImages, alice: SignedIn
) -> None:
    job_id = await finished(container, alice)
    seen = []
    for last in ("abc", "-1", "99999999999999999999", "٣"):
        answer = await alice.get(f"{API}/jobs/{job_id}/stream", headers={b"Last-Event-ID": last.encode()})
        seen.append([event[0] for event in events_of(answer.text)])
    assert seen == [["7"]] * 4


async def test_stream_arrives_while_the_job_runs(
    container: Container, images: StagedImages, alice: SignedIn, live_url: str
) -> None:
    job_id = await generate(alice)
    async with (
        httpx.AsyncClient(base_url=live_url, headers=alice.headers) as browser,
        browser.stream("GET", f"{API}/jobs/{job_id}/stream") as stream,
    ):
        lines = stream.aiter_lines()
        assert json.loads(await data_line(lines))["status"] == "queued"
        images.go_on.clear()
        running = asyncio.create_task(run_job(container, job_id))
        while json.loads(await data_line(lines))["progress"] < 30:
            pass
        images.go_on.set()
        await running
        while json.loads(await data_line(lines))["type"] != "completed":
            pass


async def test_open_stream_holds_no_database_connection(container: Container, alice: SignedIn, live_url: str) -> None:
    job_id = await generate(alice)
    pool = container.resolve(Supabase).engine.pool
    assert isinstance(pool, QueuePool)
    async with (
        httpx.AsyncClient(base_url=live_url, headers=alice.headers) as browser,
        browser.stream("GET", f"{API}/jobs/{job_id}/stream") as stream,
    ):
        await data_line(stream.aiter_lines())

        async def all_given_back() -> bool:
            return pool.checkedout() == 0

        await eventually(all_given_back)


async def test_silent_stream_sends_comments(monkeypatch: pytest.MonkeyPatch, alice: SignedIn, live_url: str) -> None:
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 0.05)
    job_id = await generate(alice)
    async with (
        httpx.AsyncClient(base_url=live_url, headers=alice.headers) as browser,
        browser.stream("GET", f"{API}/jobs/{job_id}/stream") as stream,
        asyncio.timeout(10),
    ):
        assert ": ping" in [line async for line in take(stream.aiter_lines(), 8)]


async def take(lines: AsyncIterator[str], count: int) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        count -= 1
        if not count:
            return


async def data_line(lines: AsyncIterator[str]) -> str:
    async with asyncio.timeout(10):
        async for line in lines:
            if line.startswith("data: "):
                return line.removeprefix("data: ")
    raise EOFError


async def test_cancel_answers_202_with_the_canceled_job(alice: SignedIn) -> None:
    job_id = await generate(alice)
    answer = await alice.post(f"{API}/jobs/{job_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "canceled")


async def test_cancel_of_an_ended_job_is_409(alice: SignedIn) -> None:
    job_id = await generate(alice)
    await alice.post(f"{API}/jobs/{job_id}/cancel")
    answer = await alice.post(f"{API}/jobs/{job_id}/cancel")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "job_not_cancelable")


async def test_refine_answers_with_a_new_job(container: Container, images: StagedImages, pro: SignedIn) -> None:
    job_id = await finished(container, pro)
    answer = await pro.post(f"{API}/jobs/{job_id}/refine", json={"refinement": "make it blue"})
    body = answer.json()
    assert (answer.status_code, body["original_job_id"], body["refinement_text"]) == (201, str(job_id), "make it blue")
    assert body["new_job"]["parent_job_id"] == str(job_id)


async def test_refine_on_the_free_plan_is_403(container: Container, images: StagedImages, alice: SignedIn) -> None:
    job_id = await finished(container, alice)
    answer = await alice.post(f"{API}/jobs/{job_id}/refine", json={"refinement": "make it blue"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "tier_restricted")


async def test_refine_of_an_unfinished_job_is_400(pro: SignedIn) -> None:
    job_id = await generate(pro)
    answer = await pro.post(f"{API}/jobs/{job_id}/refine", json={"refinement": "make it blue"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_job_status")


async def test_senseless_refinement_is_422(container: Container, images: StagedImages, pro: SignedIn) -> None:
    job_id = await finished(container, pro)
    words = ("", "  a ", "x" * 301, "<>[]{}")
    answers = [await pro.post(f"{API}/jobs/{job_id}/refine", json={"refinement": text}) for text in words]
    assert [answer.status_code for answer in answers] == [422] * len(words)
