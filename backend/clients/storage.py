"""Object storage behind one small class: a local folder by default, any S3 by settings."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import obstore
from obstore import exceptions as obstore_errors
from obstore.store import LocalStore, S3Store

from backend.clients.url_signer import UrlSigner
from backend.errors import DomainError
from backend.settings import Settings

if TYPE_CHECKING:  # obstore has these in its type information only
    from obstore.store import ClientConfig, RetryConfig, S3Config

FILES_PATH = "/api/v1/files"
"""Where the API serves what `LocalObjectStore.signed_url` signs."""

_STAGING = ".incoming"
_STAGED_FILES_LIVE_SECONDS = 3600
_CHUNK_BYTES = 256 * 1024
_RENAME_ATTEMPTS = 10


class StoredObjectNotFound(DomainError):
    """No object lies under this key."""

    code = "ASSET_NOT_FOUND"
    status = 404

    def __init__(self, key: str) -> None:
        super().__init__("The stored object does not exist.", details={"path": key})


class StorageFailed(DomainError):
    """The store could not carry out an operation; the cause is chained, not shown."""

    code = "STORAGE_ERROR"
    status = 500
    operation: ClassVar[str] = "use"

    def __init__(self, key: str) -> None:
        super().__init__(f"Object storage could not {self.operation} the object.", details={"path": key})


class UploadFailed(StorageFailed):
    """An object could not be written."""

    code = "STORAGE_UPLOAD_ERROR"
    operation = "store"


class ReadFailed(StorageFailed):
    """An object could not be read."""

    operation = "read"


class DeleteFailed(StorageFailed):
    """An object could not be deleted."""

    code = "STORAGE_DELETE_ERROR"
    operation = "delete"


class SigningFailed(StorageFailed):
    """No signed URL could be made."""

    code = "STORAGE_SIGNED_URL_ERROR"
    operation = "sign a URL for"


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What the store knows about an object; its content type follows from the key's extension."""

    key: str
    size: int
    etag: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ObjectReader:
    """An object opened for streaming: bytes `start` (inclusive) to `end` (exclusive) of `info.size`."""

    info: ObjectInfo
    start: int
    end: int
    chunks: AsyncIterator[bytes]


class ObjectStore(abc.ABC):
    """Keeps immutable bytes under keys like `logos/<owner>/<kit>/primary.png`.

    Keys are checked by whoever makes them; the engines refuse `..`, empty segments and absolute paths once more.
    """

    def __init__(self, engine: LocalStore | S3Store) -> None:
        self._engine = engine

    @abc.abstractmethod
    async def put(self, key: str, data: bytes, content_type: str) -> None:
        """Write the whole object or nothing, replacing what was there; when it returns, the bytes are safe."""

    @abc.abstractmethod
    async def signed_url(self, key: str, expires_in: timedelta) -> str:
        """Make a URL that reads this one object until it expires."""

    async def get(self, key: str) -> bytes:
        """Read a whole object into memory."""
        with _translated(ReadFailed, key):
            result = await obstore.get_async(self._engine, key)
            return bytes(await result.bytes_async())

    async def open(self, key: str, start: int = 0, end: int | None = None) -> ObjectReader:
        """Open an object, or the bytes `start` to `end` of it, for streaming."""
        with _translated(ReadFailed, key):
            if end is not None:
                result = await obstore.get_async(self._engine, key, options={"range": (start, end)})
            elif start:
                result = await obstore.get_async(self._engine, key, options={"range": {"offset": start}})
            else:
                result = await obstore.get_async(self._engine, key)
        first, last = result.range
        return ObjectReader(_info(result.meta), first, last, result.stream(min_chunk_size=_CHUNK_BYTES))

    async def head(self, key: str) -> ObjectInfo | None:
        """Tell size, etag and age of an object, or None when there is none."""
        try:
            with _translated(ReadFailed, key):
                return _info(await obstore.head_async(self._engine, key))
        except StoredObjectNotFound:
            return None

    async def delete(self, key: str) -> None:
        """Delete an object; a missing one is as good as deleted."""
        with contextlib.suppress(StoredObjectNotFound), _translated(DeleteFailed, key):
            await obstore.delete_async(self._engine, key)


class LocalObjectStore(ObjectStore):
    """Keeps objects as files below a folder that only this user can enter, and signs its own URLs."""

    def __init__(self, root: Path, base_url: str, signer: UrlSigner) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root = root.resolve()
        self._local = LocalStore(self._root, automatic_cleanup=True)
        super().__init__(self._local)
        self._base_url = base_url.rstrip("/")
        self._signer = signer

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        """Write a staged file, flush it to disk, rename it into place, flush the folders."""
        with _translated(UploadFailed, key):
            await asyncio.to_thread(self._put_durably, key, data)

    async def signed_url(self, key: str, expires_in: timedelta) -> str:
        """Sign the address of the API's own file route."""
        return f"{self._base_url}/{key}?{self._signer.sign(key, expires_in)}"

    def drop_stale_staging(self) -> int:
        """Remove staged files that a killed process left behind; tells how many."""
        oldest = time.time() - _STAGED_FILES_LIVE_SECONDS
        stale = [file for file in (self._root / _STAGING).glob("*") if _modified(file) < oldest]
        for file in stale:
            file.unlink(missing_ok=True)
        return len(stale)

    def _put_durably(self, key: str, data: bytes) -> None:
        staged = f"{_STAGING}/{uuid4().hex}"
        try:
            obstore.put(self._local, staged, data, use_multipart=False)
            _flush(self._root / staged)
            self._rename(staged, key)
        except BaseException:
            (self._root / staged).unlink(missing_ok=True)
            raise
        with contextlib.suppress(FileNotFoundError):  # somebody deleted the object, and its folders with it
            for folder in (self._root / key).parents:
                _flush(folder)
                if folder == self._root:
                    break

    def _rename(self, staged: str, key: str) -> None:
        # Deleting the last file of a folder removes the folder, at worst between making it and renaming into it.
        for attempt in range(1, _RENAME_ATTEMPTS + 1):
            try:
                return obstore.rename(self._local, staged, key, overwrite=True)
            except (obstore_errors.GenericError, FileNotFoundError):
                if attempt == _RENAME_ATTEMPTS:
                    raise
        return None


class S3ObjectStore(ObjectStore):
    """Keeps objects in one private S3 bucket, below an optional prefix."""

    def __init__(self, engine: S3Store) -> None:
        super().__init__(engine)
        self._s3 = engine

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        """Upload in one request, so that an aborted upload leaves no parts behind."""
        with _translated(UploadFailed, key):
            await obstore.put_async(self._s3, key, data, attributes={"Content-Type": content_type}, use_multipart=False)

    async def signed_url(self, key: str, expires_in: timedelta) -> str:
        """Presign a GET; no request is made."""
        with _translated(SigningFailed, key):
            return await obstore.sign_async(self._s3, "GET", key, expires_in)


def open_object_store(settings: Settings, signer: UrlSigner) -> ObjectStore:
    """Make the engine that STORAGE_URL names; nothing is connected before first use."""
    address = urlsplit(settings.storage_url)
    if address.scheme == "s3":
        return S3ObjectStore(_s3_engine(settings, address.netloc, address.path.strip("/")))
    store = LocalObjectStore(Path(unquote(address.path)), f"{settings.public_url}".rstrip("/") + FILES_PATH, signer)
    store.drop_stale_staging()
    return store


def _s3_engine(settings: Settings, bucket: str, prefix: str) -> S3Store:
    # Bulk delete is the one call that S3-compatible services often lack.
    config: S3Config = {"bucket": bucket, "disable_bulk_delete": True}
    if settings.s3_endpoint:
        config["endpoint"] = settings.s3_endpoint.rstrip("/")
    if settings.s3_region:
        config["region"] = settings.s3_region
    if settings.s3_access_key_id and settings.s3_secret_access_key:
        config["access_key_id"] = settings.s3_access_key_id
        config["secret_access_key"] = settings.s3_secret_access_key.get_secret_value()
    client: ClientConfig = {
        "allow_http": (settings.s3_endpoint or "").startswith("http://"),
        "connect_timeout": timedelta(seconds=5),
        "timeout": timedelta(seconds=60),
    }
    retry: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
    return S3Store(prefix=prefix or None, config=config, client_options=client, retry_config=retry)


@contextlib.contextmanager
def _translated(failure: type[StorageFailed], key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise StoredObjectNotFound(key) from error
    except (obstore_errors.BaseError, OSError, ValueError) as error:
        raise failure(key) from error


def _info(meta: obstore.ObjectMeta) -> ObjectInfo:
    return ObjectInfo(meta["path"], meta["size"], meta["e_tag"], meta["last_modified"])


def _flush(path: Path) -> None:
    """Wait until a file's bytes, or a folder's entries, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return time.time()
