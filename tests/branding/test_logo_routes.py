"""The logo routes and the file route behind their addresses, through the whole application."""

from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.support.accounts import SignedIn
from tests.support.pictures import picture

KITS = "/api/v1/brand-kits"
PICTURE = picture((64, 32), (10, 20, 30, 255))


@pytest.fixture
async def kit(alice: SignedIn) -> str:
    fonts = {"headline": "Inter", "body": "Inter"}
    answer = await alice.post(KITS, json={"name": "Night Owl", "primary_colors": ["#112233"], "fonts": fonts})
    return str(answer.json()["id"])


async def send(
    person: httpx.AsyncClient,
    kit: object,
    data: bytes = PICTURE,
    logo_type: str = "primary",
    name: str = "owl.png",
    content_type: str = "image/png",
) -> httpx.Response:
    return await person.post(
        f"{KITS}/{kit}/logos", data={"logo_type": logo_type}, files={"file": (name, data, content_type)}
    )


async def url_of(alice: SignedIn, kit: str) -> str:
    return str((await send(alice, kit)).json()["url"])


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_upload_describes_the_logo(alice: SignedIn, kit: str) -> None:
    answer = await send(alice, kit)
    logo = answer.json()
    assert answer.status_code == 201
    assert logo.pop("url").startswith("http://127.0.0.1:8000/api/v1/files/logos/")
    assert logo.pop("storage_path").startswith(f"{alice.user_id}/{kit}/primary-")
    assert logo == {
        "type": "primary",
        "content_type": "image/png",
        "file_size": len(PICTURE),
        "width": 64,
        "height": 32,
        "filename": "owl.png",
    }


async def test_content_decides_the_type_and_not_the_header(alice: SignedIn, kit: str) -> None:
    logo = (await send(alice, kit, content_type="image/svg+xml", name="owl.svg")).json()
    assert logo["content_type"] == "image/png"


async def test_bad_files_are_refused(alice: SignedIn, kit: str) -> None:
    bad = {
        "INVALID_FILE_TYPE": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "INVALID_IMAGE_DIMENSIONS": picture((8, 8)),
        "FILE_TOO_LARGE": PICTURE + bytes(10 * 1024 * 1024),
    }
    assert {code_of(await send(alice, kit, data)) for data in bad.values()} == {(400, code) for code in bad}
    assert not any((await alice.get(f"{KITS}/{kit}/logos")).json()["logos"].values())


async def test_body_far_beyond_the_limit_is_cut_off(alice: SignedIn, kit: str) -> None:
    assert code_of(await send(alice, kit, bytes(14 * 1024 * 1024))) == (413, "BODY_TOO_LARGE")


async def test_logo_larger_than_other_bodies_is_accepted(alice: SignedIn, kit: str) -> None:
    # Padding after a PNG's end is allowed, and makes a file beyond the general limit of 1 MiB.
    assert (await send(alice, kit, PICTURE + bytes(3 * 1024 * 1024))).status_code == 201


async def test_unknown_type_is_refused(alice: SignedIn, kit: str) -> None:
    for logo_type in ("banner", "PRIMARY", "x" * 90):
        assert code_of(await send(alice, kit, logo_type=logo_type)) == (400, "INVALID_LOGO_TYPE")


async def test_incomplete_form_is_refused(alice: SignedIn, kit: str) -> None:
    incomplete: list[dict[str, Any]] = [
        {"files": {"file": ("a.png", PICTURE)}},
        {"data": {"logo_type": "icon"}},
        {"json": {}},
    ]
    for body in incomplete:
        assert code_of(await alice.post(f"{KITS}/{kit}/logos", **body)) == (422, "VALIDATION_FAILED")


async def test_list_has_every_variant_and_the_default(alice: SignedIn, kit: str) -> None:
    await send(alice, kit, logo_type="icon")
    listed = (await alice.get(f"{KITS}/{kit}/logos")).json()
    assert {name: url is not None for name, url in listed["logos"].items()} == {
        "primary": False,
        "secondary": False,
        "icon": True,
        "monochrome": False,
        "watermark": False,
    }
    assert listed["default_logo_type"] == "primary"


async def test_default_type_is_set(alice: SignedIn, kit: str) -> None:
    answer = await alice.put(f"{KITS}/{kit}/logos/default", json={"logo_type": "icon"})
    assert answer.json() == {"default_logo_type": "icon"}
    assert (await alice.get(f"{KITS}/{kit}")).json()["default_logo_type"] == "icon"


async def test_unknown_default_type_is_refused(alice: SignedIn, kit: str) -> None:
    answer = await alice.put(f"{KITS}/{kit}/logos/default", json={"logo_type": "banner"})
    assert code_of(answer) == (400, "INVALID_LOGO_TYPE")


async def test_missing_variant_has_no_address(alice: SignedIn, kit: str) -> None:
    assert (await alice.get(f"{KITS}/{kit}/logos/icon")).json() == {"type": "icon", "url": None}


async def test_delete_tells_whether_there_was_one(alice: SignedIn, kit: str) -> None:
    await send(alice, kit)
    deleted = [(await alice.delete(f"{KITS}/{kit}/logos/primary")).json()["deleted"] for _ in range(2)]
    assert deleted == [True, False]


def _requests(kit: object) -> list[tuple[str, str, dict[str, Any]]]:
    form = {"data": {"logo_type": "primary"}, "files": {"file": ("a.png", PICTURE, "image/png")}}
    return [
        ("POST", f"{KITS}/{kit}/logos", form),
        ("GET", f"{KITS}/{kit}/logos", {}),
        ("GET", f"{KITS}/{kit}/logos/primary", {}),
        ("DELETE", f"{KITS}/{kit}/logos/primary", {}),
        ("PUT", f"{KITS}/{kit}/logos/default", {"json": {"logo_type": "icon"}}),
    ]


async def test_logos_of_others_are_as_good_as_missing(alice: SignedIn, bob: SignedIn, kit: str) -> None:
    await send(alice, kit)
    for kit_id in (kit, uuid4()):
        answers = [await bob.request(method, url, **body) for method, url, body in _requests(kit_id)]
        assert {code_of(answer) for answer in answers} == {(404, "BRAND_KIT_NOT_FOUND")}
    address = (await alice.get(f"{KITS}/{kit}/logos/primary")).json()["url"]
    assert (await alice.get(address)).content == PICTURE


async def test_anonymous_requests_are_refused(client: httpx.AsyncClient) -> None:
    answers = [await client.request(method, url, **body) for method, url, body in _requests(uuid4())]
    assert {code_of(answer) for answer in answers} == {(401, "AUTH_REQUIRED")}


async def test_address_opens_the_file_for_whoever_has_it(alice: SignedIn, client: httpx.AsyncClient, kit: str) -> None:
    assert (await client.get(await url_of(alice, kit))).content == PICTURE


async def test_owner_without_signature_is_refused_too(alice: SignedIn, kit: str) -> None:
    assert code_of(await alice.get(urlsplit(await url_of(alice, kit)).path)) == (422, "VALIDATION_FAILED")
