"""Storing, reading and addressing private objects."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from backend.clients.storage import ObjectReader, ObjectStore, StoredObjectNotFound, UploadFailed
from backend.clients.url_signer import UrlSigner
from backend.errors import DomainError
from backend.services.storage.buckets import RULES, Bucket, InvalidObjectPath, object_key
from backend.services.storage.content_types import EXTENSIONS, content_type_of, sniff

__all__ = [
    "SIGNED_URL_SECONDS",
    "ByteRange",
    "ContentTypeMismatch",
    "InvalidSignature",
    "ObjectTooLarge",
    "RangeNotSatisfiable",
    "StorageService",
    "StoredObject",
    "StoredObjectInfo",
    "StoredObjectNotFound",
    "UnsupportedContent",
    "UploadFailed",
]

SIGNED_URL_SECONDS = 3600


class ObjectTooLarge(DomainError):
    """The bucket does not take objects of this size."""

    code = "FILE_TOO_LARGE"
    status = 400

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"The file is larger than {max_bytes // (1024 * 1024)} MiB.", details={"max_bytes": max_bytes})


class UnsupportedContent(DomainError):
    """The bytes are not of a type that the bucket takes."""

    code = "INVALID_FILE_TYPE"
    status = 400

    def __init__(self, found: str | None, accepted: frozenset[str]) -> None:
        super().__init__(
            f"The file is {found or 'of an unknown type'}; accepted are {', '.join(sorted(accepted))}.",
            details={"found": found, "accepted": sorted(accepted)},
        )


class ContentTypeMismatch(DomainError):
    """The bytes are not what they were said to be."""

    code = "INVALID_FILE_TYPE"
    status = 400

    def __init__(self, declared: str, found: str) -> None:
        super().__init__(
            f"The file was sent as {declared} and is {found}.", details={"declared": declared, "found": found}
        )


class InvalidSignature(DomainError):
    """The URL was altered or has expired."""

    code = "STORAGE_SIGNATURE_INVALID"
    status = 403

    def __init__(self) -> None:
        super().__init__("The address of this file is not valid, or no longer. Ask for a new one.")


class RangeNotSatisfiable(DomainError):
    """The object ends before the bytes that were asked for."""

    code = "RANGE_NOT_SATISFIABLE"
    status = 416

    def __init__(self, size: int) -> None:
        super().__init__(
            "The file has no such bytes.", details={"size": size}, headers={"Content-Range": f"bytes */{size}"}
        )


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Where an object was put, and what it is."""

    bucket: Bucket
    path: str
    size: int
    content_type: str


@dataclass(frozen=True, slots=True)
class StoredObjectInfo:
    """What is known about a stored object without reading it."""

    bucket: Bucket
    path: str
    name: str
    size: int
    content_type: str
    etag: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `first` to `last`, both inclusive, as HTTP counts them; without `first`, the final `last` bytes."""

    first: int | None
    last: int | None

    def resolve(self, size: int) -> tuple[int, int]:
        """Give the half-open range inside an object of this size, or raise `RangeNotSatisfiable`."""
        if self.first is None:
            start, end = max(0, size - (self.last or 0)), size
        else:
            start, end = self.first, size if self.last is None else min(self.last + 1, size)
        if start >= end:
            raise RangeNotSatisfiable(size)
        return start, end


class StorageService:
    """Keep every object in a private bucket, under a checked path, as what its bytes really are."""

    def __init__(self, store: ObjectStore, signer: UrlSigner) -> None:
        self._store = store
        self._signer = signer

    async def upload_asset(
        self, user_id: UUID, job_id: UUID, data: bytes, content_type: str = "image/png", suffix: str = ""
    ) -> StoredObject:
        """Store a generated picture under a path nobody has used before."""
        path = self.new_path(user_id, str(job_id), content_type=content_type, suffix=suffix)
        return await self.upload_raw(Bucket.ASSETS, path, data, content_type)

    async def upload_raw(self, bucket: Bucket, path: str, data: bytes, content_type: str) -> StoredObject:
        """Store bytes under a given path, replacing what was there.

        Raises `ObjectTooLarge`, `UnsupportedContent`, `ContentTypeMismatch`, `InvalidObjectPath` or `UploadFailed`.
        """
        key = object_key(bucket, path)
        self.check(bucket, data, content_type)
        if content_type_of(path) != content_type:
            raise InvalidObjectPath
        await self._store.put(key, data, content_type)
        return StoredObject(bucket, path, len(data), content_type)

    def check(self, bucket: Bucket, data: bytes, declared: str | None = None) -> str:
        """Name the content type of bytes that a bucket accepts, or raise what is wrong with them."""
        rules = RULES[bucket]
        if len(data) > rules.max_bytes:
            raise ObjectTooLarge(rules.max_bytes)
        found = sniff(data)
        if found is None or found not in rules.content_types:
            raise UnsupportedContent(found, rules.content_types)
        if declared is not None and declared != found:
            raise ContentTypeMismatch(declared, found)
        return found

    def new_path(self, user_id: UUID, *folders: str, content_type: str, name: str = "", suffix: str = "") -> str:
        """Make a path that no other object has, of the extension that belongs to the content type."""
        unique = "-".join(part for part in (name, str(uuid4())) if part)
        return "/".join((str(user_id), *folders, f"{unique}{suffix}.{EXTENSIONS.get(content_type, 'bin')}"))

    async def get(self, bucket: Bucket, path: str) -> bytes:
        """Read a whole object; raises `StoredObjectNotFound`."""
        return await self._store.get(object_key(bucket, path))

    async def open(self, bucket: Bucket, path: str, byte_range: ByteRange | None = None) -> ObjectReader:
        """Open an object, or a part of it, for streaming; raises `StoredObjectNotFound` or `RangeNotSatisfiable`."""
        key = object_key(bucket, path)
        if byte_range is None:
            return await self._store.open(key)
        return await self._store.open(key, *byte_range.resolve((await self.describe(bucket, path)).size))

    async def signed_url(self, bucket: Bucket, path: str, expires_in: int = SIGNED_URL_SECONDS) -> str:
        """Make an address that reads this one object for `expires_in` seconds."""
        return await self._store.signed_url(object_key(bucket, path), timedelta(seconds=expires_in))

    def verify(self, bucket: Bucket, path: str, expires: int, signature: str) -> None:
        """Raise `InvalidSignature` unless this service signed the address and it still holds.

        Nothing else is said about a path that was not signed: neither whether it is well formed nor whether
        something lies there.
        """
        if not self._signer.verify(f"{bucket}/{path}", expires, signature):
            raise InvalidSignature

    async def delete(self, bucket: Bucket, path: str) -> None:
        """Delete an object; a missing one is as good as deleted."""
        await self._store.delete(object_key(bucket, path))

    async def exists(self, bucket: Bucket, path: str) -> bool:
        """Tell whether an object is there; a store that does not answer is an error, not a no."""
        return await self._store.head(object_key(bucket, path)) is not None

    async def info(self, bucket: Bucket, path: str) -> StoredObjectInfo | None:
        """Describe an object without reading it, or give None where there is none."""
        found = await self._store.head(object_key(bucket, path))
        if found is None:
            return None
        return StoredObjectInfo(
            bucket=bucket,
            path=path,
            name=path.rpartition("/")[2],
            size=found.size,
            content_type=content_type_of(path) or "application/octet-stream",
            etag=found.etag,
            updated_at=found.updated_at,
        )

    async def describe(self, bucket: Bucket, path: str) -> StoredObjectInfo:
        """Describe an object without reading it, or raise `StoredObjectNotFound`."""
        found = await self.info(bucket, path)
        if found is None:
            raise StoredObjectNotFound(object_key(bucket, path))
        return found
