"""Layouts: stored for an hour, used by jobs of their owner, and never fetched from an address."""

import base64
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest

from backend.services.generation.images import ImageGenerator
from di import Container
from tests.support.accounts import SignedIn
from tests.support.jobs import StagedImages, delete_due_files, let_files_be_due, noted_files, png, read_job, run_job

API = "/api/v1"


@pytest.fixture
def images(container: Container) -> Any:
    images = StagedImages()
    with container.override(ImageGenerator, images):
        yield images


def snapshot(data: bytes | None = None, **changes: Any) -> dict[str, Any]:
    encoded = base64.b64encode(png(320, 180) if data is None else data).decode()
    return {"image_base64": encoded, "mime_type": "image/png", "width": 320, "height": 180} | changes


async def store(client: SignedIn) -> dict[str, Any]:
    answer = await client.post(f"{API}/canvas-snapshot", json=snapshot())
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def generate(client: SignedIn, **fields: Any) -> httpx.Response:
    return await client.post(f"{API}/generate", json={"asset_type": "thumbnail"} | fields)


async def test_stored_snapshot_can_be_seen_and_has_an_end(alice: SignedIn) -> None:
    stored = await store(alice)
    seen = await alice.get(stored["url"].replace("http://127.0.0.1:8000", ""))
    assert seen.content == png(320, 180)
    assert stored["file_size"] == len(seen.content)


async def test_forgotten_snapshot_is_deleted(container: Container, alice: SignedIn) -> None:
    stored = await store(alice)
    assert await noted_files(container) == [stored["storage_path"]]
    await let_files_be_due(container)
    assert (await alice.get(stored["url"].replace("http://127.0.0.1:8000", ""))).status_code == 404


async def test_job_follows_the_layout(container: Container, images: StagedImages, alice: SignedIn) -> None:
    stored = await store(alice)
    answer = await generate(alice, canvas_snapshot_url=stored["url"], canvas_snapshot_description="a fox on the left")
    await run_job(container, UUID(answer.json()["id"]))
    [request] = images.requests
    assert request.input_image is not None
    assert request.input_image.data == png(320, 180)
    assert "a fox on the left" in request.prompt


async def test_snapshot_of_a_waiting_job_is_kept(container: Container, alice: SignedIn) -> None:
    stored = await store(alice)
    await generate(alice, canvas_snapshot_url=stored["url"])
    await delete_due_files(container)
    assert (await alice.get(stored["url"].replace("http://127.0.0.1:8000", ""))).status_code == 200


async def test_job_whose_layout_is_gone_fails_with_the_reason(
    container: Container, images: StagedImages, alice: SignedIn
) -> None:
    stored = await store(alice)
    answer = await generate(alice, canvas_snapshot_url=stored["url"])
    await let_files_be_due(container)
    await run_job(container, UUID(answer.json()["id"]))
    job = await read_job(container, UUID(answer.json()["id"]))
    assert (job.status, job.error_code) == ("failed", "no_image")


async def test_snapshot_of_somebody_else_is_unknown(alice: SignedIn, bob: SignedIn) -> None:
    stored = await store(bob)
    answer = await generate(alice, canvas_snapshot_url=stored["url"])
    assert (answer.status_code, answer.json()["error"]["details"]["errors"][0]["type"]) == (422, "unknown_snapshot")


ADDRESSES: Final = (
    "http://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "http://[::1",
    "../../logos/x.png",
    "{user}/canvas/{other}.png",
    "http://evil.example/{user}/canvas/..%2F..%2Fx.png",
)


async def test_other_addresses_are_refused(alice: SignedIn) -> None:
    for address in ADDRESSES:
        answer = await generate(alice, canvas_snapshot_url=address.format(user=alice.user_id, other=uuid4()))
        assert (answer.status_code, answer.json()["error"]["details"]["errors"][0]["type"]) == (422, "unknown_snapshot")


LIES: Final[dict[str, tuple[int, dict[str, Any]]]] = {
    "size": (422, snapshot(width=321)),
    "encoding": (422, snapshot(image_base64="not base64")),
    "type": (422, snapshot(mime_type="image/gif")),
    "other type": (400, snapshot(mime_type="image/jpeg")),
    "other content": (400, snapshot(data=b"GIF89a")),
    "nothing": (400, snapshot(data=b"")),
    "damaged": (400, snapshot(data=png(320, 180)[:200])),
}


async def test_snapshot_that_is_not_what_it_says_is_refused(container: Container, alice: SignedIn) -> None:
    answers = {name: await alice.post(f"{API}/canvas-snapshot", json=body) for name, (_, body) in LIES.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == {
        name: status for name, (status, _) in LIES.items()
    }
    assert await noted_files(container) == []


async def test_emote_follows_no_layout(alice: SignedIn) -> None:
    stored = await store(alice)
    answer = await generate(alice, asset_type="twitch_emote", canvas_snapshot_url=stored["url"])
    assert answer.status_code == 422
