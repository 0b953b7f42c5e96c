"""Finished pictures over HTTP: listing, publishing, deleting, and who may see them."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from backend.services.generation.images import ImageGenerator
from di import Container
from tests.support.accounts import SignedIn
from tests.support.jobs import StagedImages, delete_due_files, request_job, run_job

API = "/api/v1"


@pytest.fixture(autouse=True)
def images(container: Container) -> Any:
    with container.override(ImageGenerator, StagedImages()) as images:
        yield images


async def make_asset(container: Container, owner: SignedIn) -> dict[str, Any]:
    await run_job(container, await request_job(container, owner.user_id))
    assets: list[dict[str, Any]] = (await owner.get(f"{API}/assets")).json()["assets"]
    return assets[0]


def local(url: str) -> str:
    return url.replace("http://127.0.0.1:8000", "")


async def test_list_is_newest_first_and_counts_all(container: Container, alice: SignedIn) -> None:
    made = [(await make_asset(container, alice))["id"] for _ in range(2)]
    page = (await alice.get(f"{API}/assets", params={"limit": 1})).json()
    assert ([asset["id"] for asset in page["assets"]], page["total"]) == ([made[1]], 2)


async def test_list_filters_by_type(container: Container, alice: SignedIn) -> None:
    await make_asset(container, alice)
    assert (await alice.get(f"{API}/assets", params={"asset_type": "banner"})).json()["total"] == 0


async def test_asset_has_an_address_that_gives_the_picture(container: Container, alice: SignedIn) -> None:
    asset = await make_asset(container, alice)
    read = (await alice.get(f"{API}/assets/{asset['id']}")).json()
    assert (await alice.get(local(read["url"]))).content[:4] == b"\x89PNG"


async def test_private_asset_is_not_public(container: Container, alice: SignedIn, client: httpx.AsyncClient) -> None:
    asset = await make_asset(container, alice)
    answer = await client.get(f"{API}/asset/{asset['id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ASSET_NOT_FOUND")


async def test_published_asset_leads_anybody_to_the_picture(
    container: Container, alice: SignedIn, client: httpx.AsyncClient
) -> None:
    asset = await make_asset(container, alice)
    shown = await alice.put(f"{API}/assets/{asset['id']}/visibility", json={"is_public": True})
    answer = await client.get(f"{API}/asset/{asset['id']}")
    assert shown.json()["is_public"] is True
    assert answer.status_code == 302
    assert (await client.get(local(answer.headers["location"]))).content[:4] == b"\x89PNG"


async def test_hidden_again_asset_is_not_public(
    container: Container, alice: SignedIn, client: httpx.AsyncClient
) -> None:
    asset = await make_asset(container, alice)
    for is_public in (True, False):
        await alice.put(f"{API}/assets/{asset['id']}/visibility", json={"is_public": is_public})
    assert (await client.get(f"{API}/asset/{asset['id']}")).status_code == 404


async def test_deleted_asset_and_its_file_are_gone(container: Container, alice: SignedIn) -> None:
    asset = await make_asset(container, alice)
    assert (await alice.delete(f"{API}/assets/{asset['id']}")).status_code == 204
    await delete_due_files(container)
    assert (await alice.get(f"{API}/assets/{asset['id']}")).status_code == 404
    assert (await alice.get(local(asset["url"]))).status_code == 404


async def test_asset_can_be_deleted_once(container: Container, alice: SignedIn) -> None:
    asset = await make_asset(container, alice)
    await alice.delete(f"{API}/assets/{asset['id']}")
    assert (await alice.delete(f"{API}/assets/{asset['id']}")).status_code == 404


async def test_asset_of_somebody_else_is_404_even_when_public(
    container: Container, alice: SignedIn, bob: SignedIn
) -> None:
    asset = f"{API}/assets/{(await make_asset(container, bob))['id']}"
    await bob.put(f"{asset}/visibility", json={"is_public": True})
    answers = [
        await alice.get(asset),
        await alice.delete(asset),
        await alice.put(f"{asset}/visibility", json={"is_public": False}),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert {answer.json()["error"]["code"] for answer in answers} == {"ASSET_NOT_FOUND"}


async def test_unknown_public_asset_is_404(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{API}/asset/{uuid4()}")).status_code == 404
