"""The local engine: whole files or none, also when the process is killed, and nothing left behind."""

import asyncio
import os
import stat
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from backend.clients.storage import (
    FILES_PATH,
    LocalObjectStore,
    ObjectStore,
    StoredObjectNotFound,
    UploadFailed,
    open_object_store,
)
from backend.clients.url_signer import UrlSigner
from tests.conftest import MakeSettings

KEY = "logos/owner/kit/primary.png"

WRITER = """
import asyncio, sys
from pathlib import Path
from backend.clients.storage import LocalObjectStore
from backend.clients.url_signer import UrlSigner

async def write():
    store = LocalObjectStore(Path(sys.argv[1]), "http://x", UrlSigner("s"))
    async def keep_writing(lane):
        number = 0
        while True:
            key = f"assets/{lane}/{number}.png"
            await store.put(key, bytes([lane]) * 300_000, "image/png")
            print(key, flush=True)
            number += 1
    await asyncio.gather(*(keep_writing(lane) for lane in range(3)))

asyncio.run(write())
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def store(root: Path) -> LocalObjectStore:
    return LocalObjectStore(root, "http://127.0.0.1:8000/api/v1/files", UrlSigner("secret"))


def files_below(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def sizes_of(folder: Path, pattern: str) -> set[int]:
    return {file.stat().st_size for file in folder.glob(pattern)}


async def test_settings_choose_the_local_engine(make_settings: MakeSettings, tmp_path: Path) -> None:
    store = open_object_store(make_settings(storage_url=(tmp_path / "a b").as_uri()), UrlSigner("secret"))
    await store.put(KEY, b"data", "image/png")
    assert (tmp_path / "a b" / KEY).read_bytes() == b"data"


async def test_put_leaves_exactly_the_object(store: ObjectStore, root: Path) -> None:
    await store.put(KEY, b"data", "image/png")
    assert files_below(root) == {KEY}


async def test_put_replaces(store: ObjectStore) -> None:
    await store.put(KEY, b"old", "image/png")
    await store.put(KEY, b"new", "image/png")
    assert await store.get(KEY) == b"new"


def test_only_the_owner_may_enter_the_folder(root: Path) -> None:
    LocalObjectStore(root, "http://127.0.0.1:8000", UrlSigner("secret"))
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


async def test_missing_object_is_not_found(store: ObjectStore) -> None:
    with pytest.raises(StoredObjectNotFound):
        await store.get(KEY)


async def test_folder_is_not_an_object(store: ObjectStore) -> None:
    await store.put(KEY, b"data", "image/png")
    assert await store.head("logos/owner") is None


@pytest.mark.parametrize("key", ["../outside.png", "logos/../../outside.png", "logos//x.png", ""])
async def test_key_that_leaves_its_folder_is_refused(store: ObjectStore, key: str) -> None:
    with pytest.raises(UploadFailed):
        await store.put(key, b"data", "image/png")


async def test_range_is_streamed(store: ObjectStore) -> None:
    await store.put(KEY, b"0123456789", "image/png")
    reader = await store.open(KEY, 7)
    assert b"".join([chunk async for chunk in reader.chunks]) == b"789"
    assert (reader.start, reader.end, reader.info.size) == (7, 10, 10)


async def test_object_is_streamed_in_pieces(store: ObjectStore) -> None:
    await store.put(KEY, os.urandom(2 * 1024 * 1024), "image/png")
    reader = await store.open(KEY)
    assert len([chunk async for chunk in reader.chunks]) > 1


async def test_delete_is_idempotent(store: ObjectStore) -> None:
    await store.put(KEY, b"data", "image/png")
    await store.delete(KEY)
    await store.delete(KEY)
    assert await store.head(KEY) is None


async def test_deleting_the_last_object_removes_its_folders(store: ObjectStore, root: Path) -> None:
    await store.put(KEY, b"data", "image/png")
    await store.delete(KEY)
    assert not (root / "logos").exists()


async def test_puts_and_deletes_in_one_folder_do_not_disturb_each_other(root: Path) -> None:
    # Each in a store of its own, as the processes of a server and its workers are.
    async def come_and_go(number: int) -> None:
        store = LocalObjectStore(root, "http://127.0.0.1:8000", UrlSigner("secret"))
        key = f"assets/a/b/c/d/e/f/g/{number}.png"
        for _ in range(150):
            await store.put(key, b"data", "image/png")
            await store.delete(key)

    await asyncio.gather(*(come_and_go(number) for number in range(4)))
    assert files_below(root) == set()


async def test_object_appears_whole(store: ObjectStore, root: Path) -> None:
    sizes = set()
    for size in (8_000_000, 16_000_000):
        writing = asyncio.create_task(store.put(KEY, bytes(size), "image/png"))
        while not writing.done():
            sizes |= sizes_of(root, KEY)
            await asyncio.sleep(0)
    assert sizes <= {8_000_000, 16_000_000}


async def test_failed_put_is_a_storage_error_and_leaves_nothing(store: ObjectStore, root: Path) -> None:
    await store.put("logos/owner/kit", b"a file where a folder is needed", "image/png")
    with pytest.raises(UploadFailed):
        await store.put(KEY, b"data", "image/png")
    assert files_below(root) == {"logos/owner/kit"}


async def test_signed_url_leads_to_the_file_route(store: ObjectStore) -> None:
    url = await store.signed_url(KEY, timedelta(hours=1))
    assert url.startswith(f"http://127.0.0.1:8000{FILES_PATH}/{KEY}?expires=")


async def test_killed_writer_loses_no_acknowledged_object_and_shows_no_partial_one(root: Path) -> None:
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(root), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    acknowledged = [(await writer.stdout.readline()).decode().strip() for _ in range(20)]
    writer.kill()
    acknowledged += (await writer.stdout.read()).decode().splitlines()[:-1]
    await writer.wait()
    found = {key: (root / key).read_bytes() for key in files_below(root) if not key.startswith(".incoming/")}
    assert set(acknowledged) <= set(found)
    assert all(data == bytes([int(key.split("/")[1])]) * 300_000 for key, data in found.items())


async def test_stale_staged_files_are_dropped(store: LocalObjectStore, root: Path) -> None:
    staging = root / ".incoming"
    staging.mkdir()
    for name in ("old", "old#1", "new"):
        (staging / f"{uuid4().hex}-{name}").write_bytes(b"half")
    for stale in staging.glob("*-old*"):
        os.utime(stale, (0, 0))
    assert store.drop_stale_staging() == 2
    assert [file.name.partition("-")[2] for file in staging.iterdir()] == ["new"]
