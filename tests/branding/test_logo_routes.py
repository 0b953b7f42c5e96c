"""The logo routes and the file route behind their addresses, through the whole application."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from backend.clients.url_signer import UrlSigner
from backend.settings import Settings
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


async def test_signed_address_gives_the_file_to_whoever_has_it(
    alice: SignedIn, client: httpx.AsyncClient, kit: str
) -> None:
    answer = await client.get(await url_of(alice, kit))
    assert (answer.status_code, answer.content) == (200, PICTURE)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(len(PICTURE))


async def test_file_can_run_nothing_in_a_browser(alice: SignedIn, client: httpx.AsyncClient, kit: str) -> None:
    headers = (await client.get(await url_of(alice, kit))).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"].startswith('inline; filename="primary-')
    assert "sandbox" in headers["content-security-policy"]


async def test_file_may_be_kept_by_its_owners_browser_only_and_as_long_as_the_address_holds(
    alice: SignedIn, client: httpx.AsyncClient, kit: str
) -> None:
    scope, age = (await client.get(await url_of(alice, kit))).headers["cache-control"].split(", ")
    assert scope == "private"
    assert 3500 < int(age.removeprefix("max-age=")) <= 3600


async def test_altered_address_is_refused(alice: SignedIn, client: httpx.AsyncClient, kit: str) -> None:
    url = urlsplit(await url_of(alice, kit))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    for change in ({"signature": "x" * 43}, {"signature": ""}, {"expires": "9999999999"}, {"expires": "1"}):
        answer = await client.get(url.path, params=query | change)
        assert code_of(answer) == (403, "STORAGE_SIGNATURE_INVALID")


async def test_signature_opens_no_other_file(alice: SignedIn, client: httpx.AsyncClient, kit: str) -> None:
    first = urlsplit(await url_of(alice, kit))
    second = urlsplit((await send(alice, kit, logo_type="icon")).json()["url"])
    answer = await client.get(f"{first.path}?{second.query}")
    assert code_of(answer) == (403, "STORAGE_SIGNATURE_INVALID")


async def test_owner_without_signature_is_refused_too(alice: SignedIn, kit: str) -> None:
    assert code_of(await alice.get(urlsplit(await url_of(alice, kit)).path)) == (422, "VALIDATION_FAILED")


async def test_unsigned_path_tells_nothing(client: httpx.AsyncClient) -> None:
    for path in ("x", "..%2f..%2fetc%2fpasswd", "a/b/c/d.png", "x" * 600):
        answer = await client.get(f"/api/v1/files/logos/{path}?expires=9999999999&signature=x")
        assert code_of(answer) == (403, "STORAGE_SIGNATURE_INVALID")


async def test_unknown_bucket_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/files/secrets/a.png?expires=9999999999&signature=x")
    assert answer.status_code == 422


async def test_expired_address_is_refused(
    alice: SignedIn, client: httpx.AsyncClient, kit: str, settings: Settings
) -> None:
    path = urlsplit(await url_of(alice, kit)).path
    signer = UrlSigner(settings.jwt_secret_key.get_secret_value())
    query = signer.sign(path.removeprefix("/api/v1/files/"), timedelta(seconds=-1))
    assert code_of(await client.get(f"{path}?{query}")) == (403, "STORAGE_SIGNATURE_INVALID")


async def test_signed_address_of_a_file_that_is_gone_is_not_found(
    alice: SignedIn, client: httpx.AsyncClient, kit: str, settings: Settings
) -> None:
    key = f"logos/{uuid4()}/{kit}/gone.png"
    query = UrlSigner(settings.jwt_secret_key.get_secret_value()).sign(key, timedelta(hours=1))
    for method in ("GET", "HEAD"):
        assert (await client.request(method, f"/api/v1/files/{key}?{query}")).status_code == 404


async def test_part_of_a_file_is_given(alice: SignedIn, client: httpx.AsyncClient, kit: str) -> None:
    url, size = await url_of(alice, kit), len(PICTURE)
    parts = {"0-9": (0, 10), "5-": (5, size), "-7": (size - 7, size), "3-99999": (3, size), "-99999": (0, size)}
    for asked, (start, end) in parts.items():
        answer = await client.get(url, headers={"Range": f"bytes={asked}"})
        assert (answer.status_code, answer.content) == (206, PICTURE[start:end])
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"


async def test_part_beyond_the_end_is_refused(alice: SignedIn, client: httpx.AsyncClient, kit: str) -> None:
    url = await url_of(alice, kit)
    for asked in ("bytes=99999-", "bytes=-0"):
        answer = await client.get(url, headers={"Range": asked})
        assert code_of(answer) == (416, "RANGE_NOT_SATISFIABLE")
        assert answer.headers["content-range"] == f"bytes */{len(PICTURE)}"


async def test_malformed_range_means_the_whole_file(alice: SignedIn, client: httpx.AsyncClient, kit: str) -> None:
    url = await url_of(alice, kit)
    for asked in ("bytes=", "bytes=-", "bytes=9-3", "bytes=0-1,3-4", "pages=1-2", "bytes=a-b", "x"):
        answer = await client.get(url, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, PICTURE)


async def test_unchanged_file_is_not_sent_again(alice: SignedIn, client: httpx.AsyncClient, kit: str) -> None:
    url = await url_of(alice, kit)
    etag = (await client.get(url)).headers["etag"]
    answer = await client.get(url, headers={"If-None-Match": f'"other", W/{etag}'})
    assert (answer.status_code, answer.content) == (304, b"")


async def test_part_is_given_only_of_the_file_the_client_has(
    alice: SignedIn, client: httpx.AsyncClient, kit: str
) -> None:
    url = await url_of(alice, kit)
    etag = (await client.get(url)).headers["etag"]
    for known, status in ((etag, 206), ('"other"', 200)):
        answer = await client.get(url, headers={"Range": "bytes=0-3", "If-Range": known})
        assert answer.status_code == status


async def test_head_tells_what_a_download_would(alice: SignedIn, client: httpx.AsyncClient, kit: str) -> None:
    url = await url_of(alice, kit)
    head, get = await client.head(url), await client.get(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "content-disposition", "content-security-policy"):
        assert head.headers[name] == get.headers[name]
