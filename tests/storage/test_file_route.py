"""The file route on the smallest application: what a signed address gives, and what any other does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from backend.api.deps import deps
from backend.api.errors import install_error_handlers
from backend.api.routes import files
from backend.clients.url_signer import UrlSigner
from backend.services.storage import wiring
from backend.services.storage.buckets import Bucket
from backend.services.storage.storage_service import StorageService
from backend.settings import Settings
from di import Container
from tests.conftest import MakeSettings
from tests.support.pictures import picture

PICTURE = picture((64, 32), (10, 20, 30, 255))


@pytest.fixture
async def container(make_settings: MakeSettings) -> AsyncIterator[Container]:
    container = Container()
    container.singleton(Settings, make_settings())
    wiring.register(container)
    async with container:
        yield container


@pytest.fixture
async def client(container: Container) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    install_error_handlers(app)
    api = APIRouter(prefix="/api/v1")
    api.include_router(files.router)
    app.include_router(api)
    deps.install(app, container)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
        yield client


@pytest.fixture
def storage(container: Container) -> StorageService:
    return container.resolve(StorageService)


@pytest.fixture
def signer(container: Container) -> UrlSigner:
    return container.resolve(UrlSigner)


async def store(storage: StorageService) -> str:
    path = storage.new_path(uuid4(), "kit", content_type="image/png", name="primary")
    await storage.upload_raw(Bucket.LOGOS, path, PICTURE, "image/png")
    return await storage.signed_url(Bucket.LOGOS, path)


@pytest.fixture
async def url(storage: StorageService) -> str:
    return await store(storage)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_signed_address_gives_the_file_to_whoever_has_it(client: httpx.AsyncClient, url: str) -> None:
    answer = await client.get(url)
    assert (answer.status_code, answer.content) == (200, PICTURE)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(len(PICTURE))


async def test_file_can_run_nothing_in_a_browser(client: httpx.AsyncClient, url: str) -> None:
    headers = (await client.get(url)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"].startswith('inline; filename="primary-')
    assert "sandbox" in headers["content-security-policy"]


async def test_file_may_be_kept_by_its_owners_browser_only_and_as_long_as_the_address_holds(
    client: httpx.AsyncClient, url: str
) -> None:
    scope, age = (await client.get(url)).headers["cache-control"].split(", ")
    assert scope == "private"
    assert 3500 < int(age.removeprefix("max-age=")) <= 3600


async def test_altered_address_is_refused(client: httpx.AsyncClient, url: str) -> None:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    for change in ({"signature": "x" * 43}, {"signature": ""}, {"expires": "9999999999"}, {"expires": "1"}):
        answer = await client.get(parts.path, params=query | change)
        assert code_of(answer) == (403, "STORAGE_SIGNATURE_INVALID")


async def test_signature_opens_no_other_file(client: httpx.AsyncClient, storage: StorageService, url: str) -> None:
    other = await store(storage)
    answer = await client.get(f"{urlsplit(url).path}?{urlsplit(other).query}")
    assert code_of(answer) == (403, "STORAGE_SIGNATURE_INVALID")


async def test_unsigned_path_tells_nothing(client: httpx.AsyncClient) -> None:
    for path in ("x", "..%2f..%2fetc%2fpasswd", "a/b/c/d.png", "x" * 600):
        answer = await client.get(f"/api/v1/files/logos/{path}?expires=9999999999&signature=x")
        assert code_of(answer) == (403, "STORAGE_SIGNATURE_INVALID")


async def test_unknown_bucket_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/files/secrets/a.png?expires=9999999999&signature=x")
    assert answer.status_code == 422


async def test_expired_address_is_refused(client: httpx.AsyncClient, url: str, signer: UrlSigner) -> None:
    path = urlsplit(url).path
    query = signer.sign(path.removeprefix("/api/v1/files/"), timedelta(seconds=-1))
    assert code_of(await client.get(f"{path}?{query}")) == (403, "STORAGE_SIGNATURE_INVALID")


async def test_signed_address_of_a_file_that_is_gone_is_not_found(client: httpx.AsyncClient, signer: UrlSigner) -> None:
    key = f"logos/{uuid4()}/kit/gone.png"
    query = signer.sign(key, timedelta(hours=1))
    for method in ("GET", "HEAD"):
        assert (await client.request(method, f"/api/v1/files/{key}?{query}")).status_code == 404


async def test_part_of_a_file_is_given(client: httpx.AsyncClient, url: str) -> None:
    size = len(PICTURE)
    parts = {"0-9": (0, 10), "5-": (5, size), "-7": (size - 7, size), "3-99999": (3, size), "-99999": (0, size)}
    for asked, (start, end) in parts.items():
        answer = await client.get(url, headers={"Range": f"bytes={asked}"})
        assert (answer.status_code, answer.content) == (206, PICTURE[start:end])
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"


async def test_part_beyond_the_end_is_refused(client: httpx.AsyncClient, url: str) -> None:
    for asked in ("bytes=99999-", "bytes=-0"):
        answer = await client.get(url, headers={"Range": asked})
        assert code_of(answer) == (416, "RANGE_NOT_SATISFIABLE")
        assert answer.headers["content-range"] == f"bytes */{len(PICTURE)}"


async def test_malformed_range_means_the_whole_file(client: httpx.AsyncClient, url: str) -> None:
    for asked in ("bytes=", "bytes=-", "bytes=9-3", "bytes=0-1,3-4", "pages=1-2", "bytes=a-b", "x"):
        answer = await client.get(url, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, PICTURE)


async def test_unchanged_file_is_not_sent_again(client: httpx.AsyncClient, url: str) -> None:
    etag = (await client.get(url)).headers["etag"]
    answer = await client.get(url, headers={"If-None-Match": f'"other", W/{etag}'})
    assert (answer.status_code, answer.content) == (304, b"")


async def test_part_is_given_only_of_the_file_the_client_has(client: httpx.AsyncClient, url: str) -> None:
    etag = (await client.get(url)).headers["etag"]
    for known, status in ((etag, 206), ('"other"', 200)):
        answer = await client.get(url, headers={"Range": "bytes=0-3", "If-Range": known})
        assert answer.status_code == status


async def test_head_tells_what_a_download_would(client: httpx.AsyncClient, url: str) -> None:
    head, get = await client.head(url), await client.get(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "content-disposition", "content-security-policy"):
        assert head.headers[name] == get.headers[name]
