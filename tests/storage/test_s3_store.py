"""The S3 engine against a server that checks signatures as S3 does."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from backend.clients.storage import ObjectStore, S3ObjectStore, StoredObjectNotFound, UploadFailed, open_object_store
from backend.clients.url_signer import UrlSigner
from tests.conftest import MakeSettings
from tests.support.s3_server import ACCESS_KEY, REGION, SECRET_KEY, S3Server, s3_server

KEY = "logos/owner/kit/primary.png"


@pytest.fixture
def server() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def store(server: S3Server, make_settings: MakeSettings) -> ObjectStore:
    settings = make_settings(
        storage_url="s3://bucket/some/prefix",
        s3_endpoint=server.endpoint,
        s3_region=REGION,
        s3_access_key_id=ACCESS_KEY,
        s3_secret_access_key=SECRET_KEY,
    )
    return open_object_store(settings, UrlSigner("not used"))


async def test_settings_choose_the_s3_engine(store: ObjectStore) -> None:
    assert isinstance(store, S3ObjectStore)


async def test_object_lies_below_bucket_and_prefix_with_its_type(store: ObjectStore, server: S3Server) -> None:
    await store.put(KEY, b"data", "image/png")
    assert server.objects[f"bucket/some/prefix/{KEY}"].content_type == "image/png"


async def test_put_then_get(store: ObjectStore) -> None:
    await store.put(KEY, b"data", "image/png")
    assert await store.get(KEY) == b"data"


async def test_large_object_is_put_in_one_request(store: ObjectStore, server: S3Server) -> None:
    await store.put(KEY, b"x" * (12 * 1024 * 1024), "image/png")
    assert [method for method, _ in server.requests] == ["PUT"]


async def test_put_replaces(store: ObjectStore) -> None:
    await store.put(KEY, b"old", "image/png")
    await store.put(KEY, b"new", "image/png")
    assert await store.get(KEY) == b"new"


async def test_missing_object_is_not_found(store: ObjectStore) -> None:
    with pytest.raises(StoredObjectNotFound):
        await store.get(KEY)


async def test_head_tells_size_and_etag(store: ObjectStore, server: S3Server) -> None:
    await store.put(KEY, b"data", "image/png")
    info = await store.head(KEY)
    assert info is not None
    assert (info.size, info.etag) == (4, server.objects[f"bucket/some/prefix/{KEY}"].etag)


async def test_head_of_a_missing_object_is_none(store: ObjectStore) -> None:
    assert await store.head(KEY) is None


async def test_range_is_streamed(store: ObjectStore) -> None:
    await store.put(KEY, b"0123456789", "image/png")
    reader = await store.open(KEY, 2, 5)
    assert b"".join([chunk async for chunk in reader.chunks]) == b"234"
    assert (reader.start, reader.end, reader.info.size) == (2, 5, 10)


async def test_delete_is_idempotent(store: ObjectStore, server: S3Server) -> None:
    await store.put(KEY, b"data", "image/png")
    await store.delete(KEY)
    await store.delete(KEY)
    assert not server.objects


async def test_failing_server_is_tried_again(store: ObjectStore, server: S3Server) -> None:
    server.failures.append(503)
    await store.put(KEY, b"data", "image/png")
    assert await store.get(KEY) == b"data"


async def test_server_that_keeps_failing_is_a_storage_error(store: ObjectStore, server: S3Server) -> None:
    server.failures.extend([500] * 20)
    with pytest.raises(UploadFailed):
        await store.put(KEY, b"data", "image/png")


async def test_wrong_secret_is_a_storage_error(server: S3Server, make_settings: MakeSettings) -> None:
    settings = make_settings(
        storage_url="s3://bucket",
        s3_endpoint=server.endpoint,
        s3_region=REGION,
        s3_access_key_id=ACCESS_KEY,
        s3_secret_access_key="wrong",
    )
    with pytest.raises(UploadFailed):
        await open_object_store(settings, UrlSigner("not used")).put(KEY, b"data", "image/png")


async def test_signed_url_reads_the_object(store: ObjectStore) -> None:
    await store.put(KEY, b"data", "image/png")
    async with httpx.AsyncClient() as client:
        answer = await client.get(await store.signed_url(KEY, timedelta(hours=1)))
    assert (answer.content, answer.headers["content-type"]) == (b"data", "image/png")


async def test_endpoint_may_have_a_path(server: S3Server, make_settings: MakeSettings) -> None:
    settings = make_settings(
        storage_url="s3://bucket",
        s3_endpoint=f"{server.endpoint}/storage/v1/s3/",
        s3_region=REGION,
        s3_access_key_id=ACCESS_KEY,
        s3_secret_access_key=SECRET_KEY,
    )
    store = open_object_store(settings, UrlSigner("not used"))
    await store.put(KEY, b"data", "image/png")
    assert list(server.objects) == [f"storage/v1/s3/bucket/{KEY}"]
    async with httpx.AsyncClient() as client:
        assert (await client.get(await store.signed_url(KEY, timedelta(hours=1)))).content == b"data"


async def test_signing_makes_no_request(store: ObjectStore, server: S3Server) -> None:
    await store.signed_url(KEY, timedelta(hours=1))
    assert not server.requests


async def test_object_without_signature_is_refused(store: ObjectStore) -> None:
    await store.put(KEY, b"data", "image/png")
    url = urlsplit(await store.signed_url(KEY, timedelta(hours=1)))
    async with httpx.AsyncClient() as client:
        assert (await client.get(url._replace(query="").geturl())).status_code == 403


async def test_signature_opens_no_other_object(store: ObjectStore) -> None:
    await store.put("logos/other.png", b"secret", "image/png")
    url = await store.signed_url(KEY, timedelta(hours=1))
    async with httpx.AsyncClient() as client:
        assert (await client.get(url.replace(KEY, "logos/other.png"))).status_code == 403


async def test_signed_url_expires(store: ObjectStore, server: S3Server) -> None:
    await store.put(KEY, b"data", "image/png")
    url = await store.signed_url(KEY, timedelta(hours=1))
    server.clock_ahead = timedelta(minutes=61)
    async with httpx.AsyncClient() as client:
        assert (await client.get(url)).status_code == 403
