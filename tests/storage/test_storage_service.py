"""The storage service: which paths, sizes and contents are accepted, and what is known of an object."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.clients.storage import LocalObjectStore
from backend.clients.url_signer import UrlSigner
from backend.services.storage.buckets import Bucket, InvalidObjectPath, object_key
from backend.services.storage.content_types import EXTENSIONS, content_type_of, sniff
from backend.services.storage.storage_service import (
    ByteRange,
    ContentTypeMismatch,
    InvalidSignature,
    ObjectTooLarge,
    RangeNotSatisfiable,
    StorageService,
    StoredObjectNotFound,
    UnsupportedContent,
)
from tests.support.pictures import picture

OWNER = UUID("0a1b2c3d-0000-4000-8000-000000000001")
PATH = f"{OWNER}/job/a.png"
PNG = picture()

SAMPLES = {
    "image/png": PNG,
    "image/jpeg": picture(mode="RGB", color=(1, 2, 3), format="JPEG"),
    "image/webp": picture(format="WEBP"),
    "image/gif": picture(mode="P", color=1, format="GIF"),
    "video/mp4": b"\x00\x00\x00\x18ftypmp42",
    "video/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
    "audio/mpeg": b"ID3\x04\x00",
    "audio/ogg": b"OggS\x00",
    "audio/wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
}


@pytest.fixture
def storage(tmp_path: Path) -> StorageService:
    signer = UrlSigner("secret")
    return StorageService(LocalObjectStore(tmp_path / "objects", "http://127.0.0.1:8000/api/v1/files", signer), signer)


def test_every_stored_type_is_told_from_its_bytes() -> None:
    assert {content_type: sniff(data) for content_type, data in SAMPLES.items()} == {name: name for name in EXTENSIONS}


@pytest.mark.parametrize(
    "data", [b"", b"\x89PN", b"<svg/>", b"<html>", b"%PDF-1.7", b"PK\x03\x04", b"RIFF\x00\x00\x00\x00AVI ", b"\xff"]
)
def test_other_bytes_are_of_no_type(data: bytes) -> None:
    assert sniff(data) is None


@given(st.binary(max_size=80))
def test_telling_a_type_never_fails(data: bytes) -> None:
    assert sniff(data) in {None, *EXTENSIONS}


def test_extension_leads_back_to_its_type() -> None:
    assert [content_type_of(f"a.{extension}") for extension in EXTENSIONS.values()] == list(EXTENSIONS)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a.png",
        f"{OWNER}",
        f"{OWNER}/a",
        f"{OWNER}/.png",
        f"{OWNER}/../a.png",
        f"{OWNER}/./a.png",
        f"{OWNER}//a.png",
        f"/{OWNER}/a.png",
        f"{OWNER}/a.png/",
        f"{OWNER}/a b.png",
        f"{OWNER}/a%2e.png",
        f"{OWNER}/a.png#1",
        f"{OWNER}/a.png\n",
        f"{OWNER}/\x00.png",
        f"{OWNER}\\a.png",
        f"{OWNER}/é.png",
        f"{OWNER}/a.PNG",
        f"{str(OWNER).upper()}/a.png",
        f"{OWNER.hex}/a.png",
        "someone/a.png",
        f"{OWNER}/{'d/' * 8}a.png",
        f"{OWNER}/{'x' * 600}.png",
    ],
)
def test_path_that_could_mean_something_else_is_refused(path: str) -> None:
    with pytest.raises(InvalidObjectPath):
        object_key(Bucket.ASSETS, path)


@given(st.text(max_size=60), st.sampled_from(["", f"{OWNER}/", f"{OWNER}/x/"]))
def test_accepted_key_stays_below_bucket_and_owner(tail: str, owner: str) -> None:
    try:
        key = object_key(Bucket.LOGOS, owner + tail)
    except InvalidObjectPath:
        return
    root = Path("/objects")
    assert (root / key).resolve() == root / key
    assert (root / key).is_relative_to(root / "logos" / str(OWNER))


async def test_asset_gets_a_path_below_owner_and_job(storage: StorageService) -> None:
    job = uuid4()
    stored = await storage.upload_asset(OWNER, job, PNG, suffix="_112")
    assert stored.path.startswith(f"{OWNER}/{job}/")
    assert stored.path.endswith("_112.png")
    assert (stored.bucket, stored.size, stored.content_type) == (Bucket.ASSETS, len(PNG), "image/png")
    assert await storage.get(Bucket.ASSETS, stored.path) == PNG


async def test_assets_never_overwrite_each_other(storage: StorageService) -> None:
    job = uuid4()
    paths = {(await storage.upload_asset(OWNER, job, PNG)).path for _ in range(5)}
    assert len(paths) == 5


async def test_raw_upload_overwrites(storage: StorageService) -> None:
    newer = picture(color=(0, 0, 255, 255))
    for data in (PNG, newer):
        await storage.upload_raw(Bucket.UPLOADS, PATH, data, "image/png")
    assert await storage.get(Bucket.UPLOADS, PATH) == newer


async def test_declared_type_that_the_bytes_deny_is_refused(storage: StorageService) -> None:
    with pytest.raises(ContentTypeMismatch):
        await storage.upload_raw(Bucket.ASSETS, PATH, SAMPLES["image/jpeg"], "image/png")


async def test_extension_of_another_type_is_refused(storage: StorageService) -> None:
    with pytest.raises(InvalidObjectPath):
        await storage.upload_raw(Bucket.ASSETS, f"{OWNER}/job/a.jpg", PNG, "image/png")


@pytest.mark.parametrize(
    ("bucket", "refused"),
    [
        (Bucket.ASSETS, {"image/gif", "video/mp4", "video/webm", "audio/mpeg", "audio/ogg", "audio/wav"}),
        (Bucket.UPLOADS, {"audio/mpeg", "audio/ogg", "audio/wav"}),
        (Bucket.LOGOS, {"image/gif", "video/mp4", "video/webm", "audio/mpeg", "audio/ogg", "audio/wav"}),
        (Bucket.BRAND_ASSETS, set()),
    ],
)
def test_each_bucket_takes_its_own_types(storage: StorageService, bucket: Bucket, refused: set[str]) -> None:
    def accepts(data: bytes) -> bool:
        try:
            storage.check(bucket, data)
        except UnsupportedContent:
            return False
        return True

    assert {content_type for content_type, data in SAMPLES.items() if not accepts(data)} == refused


def test_bucket_takes_files_up_to_its_limit(storage: StorageService) -> None:
    limit = 10 * 1024 * 1024
    storage.check(Bucket.LOGOS, PNG.ljust(limit, b"\0"))
    with pytest.raises(ObjectTooLarge):
        storage.check(Bucket.LOGOS, PNG.ljust(limit + 1, b"\0"))


async def test_info_describes_the_object(storage: StorageService) -> None:
    await storage.upload_raw(Bucket.ASSETS, PATH, PNG, "image/png")
    info = await storage.info(Bucket.ASSETS, PATH)
    assert info is not None
    assert (info.name, info.path, info.size, info.content_type) == ("a.png", PATH, len(PNG), "image/png")


async def test_missing_object_has_no_info(storage: StorageService) -> None:
    assert await storage.info(Bucket.ASSETS, PATH) is None
    assert not await storage.exists(Bucket.ASSETS, PATH)
    with pytest.raises(StoredObjectNotFound):
        await storage.describe(Bucket.ASSETS, PATH)


async def test_deleted_object_is_gone(storage: StorageService) -> None:
    await storage.upload_raw(Bucket.ASSETS, PATH, PNG, "image/png")
    assert await storage.exists(Bucket.ASSETS, PATH)
    for _ in range(2):
        await storage.delete(Bucket.ASSETS, PATH)
    assert not await storage.exists(Bucket.ASSETS, PATH)


async def test_buckets_do_not_see_each_other(storage: StorageService) -> None:
    await storage.upload_raw(Bucket.ASSETS, PATH, PNG, "image/png")
    assert not await storage.exists(Bucket.LOGOS, PATH)


async def test_signed_address_verifies_for_its_bucket_only(storage: StorageService) -> None:
    query = (await storage.signed_url(Bucket.ASSETS, PATH)).partition("?")[2]
    expires, signature = (part.partition("=")[2] for part in query.split("&"))
    storage.verify(Bucket.ASSETS, PATH, int(expires), signature)
    with pytest.raises(InvalidSignature):
        storage.verify(Bucket.LOGOS, PATH, int(expires), signature)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (ByteRange(0, 0), (0, 1)),
        (ByteRange(2, 4), (2, 5)),
        (ByteRange(2, 99), (2, 10)),
        (ByteRange(9, None), (9, 10)),
        (ByteRange(None, 3), (7, 10)),
        (ByteRange(None, 99), (0, 10)),
    ],
)
def test_byte_range_is_counted_as_http_does(asked: ByteRange, found: tuple[int, int]) -> None:
    assert asked.resolve(10) == found


@pytest.mark.parametrize("asked", [ByteRange(10, None), ByteRange(10, 12), ByteRange(None, 0)])
def test_byte_range_beyond_the_object_is_refused(asked: ByteRange) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        asked.resolve(10)
    assert refused.value.headers == {"Content-Range": "bytes */10"}
