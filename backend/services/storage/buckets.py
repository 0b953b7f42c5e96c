"""Which objects exist: the buckets, what each accepts, and how paths inside them look."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from backend.errors import DomainError

_MIB: Final = 1024 * 1024
_SEGMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\.[a-z0-9]{2,5}")
_LONGEST_PATH: Final = 512
_DEEPEST_PATH: Final = 8

_IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/webp"})


class Bucket(StrEnum):
    """The folders of the object store; every one of them is private."""

    ASSETS = "assets"
    UPLOADS = "uploads"
    LOGOS = "logos"
    BRAND_ASSETS = "brand-assets"


@dataclass(frozen=True, slots=True)
class BucketRules:
    """What a bucket accepts."""

    max_bytes: int
    content_types: frozenset[str]


RULES: Final[Mapping[Bucket, BucketRules]] = {
    Bucket.ASSETS: BucketRules(50 * _MIB, _IMAGES),
    Bucket.UPLOADS: BucketRules(100 * _MIB, _IMAGES | {"image/gif", "video/mp4", "video/webm"}),
    Bucket.LOGOS: BucketRules(10 * _MIB, _IMAGES),
    Bucket.BRAND_ASSETS: BucketRules(
        50 * _MIB,
        _IMAGES | {"image/gif", "video/mp4", "video/webm", "audio/mpeg", "audio/ogg", "audio/wav"},
    ),
}


class InvalidObjectPath(DomainError):
    """The path is not `<owner uuid>/<segments>/<name>.<extension>`."""

    code = "STORAGE_PATH_INVALID"
    status = 400

    def __init__(self) -> None:
        super().__init__("The path does not name a stored object.")


def object_key(bucket: Bucket, path: str) -> str:
    """Check a path inside a bucket and give its key in the store.

    The first segment is the owner's id. Only characters that mean the same to every file system, S3 service and
    URL are allowed, so that no two spellings name one object and none leaves its folder.
    """
    *folders, name = path.split("/")
    well_formed = (
        len(path) <= _LONGEST_PATH
        and 1 <= len(folders) < _DEEPEST_PATH
        and is_canonical_uuid(folders[0])
        and all(_SEGMENT.fullmatch(folder) for folder in folders)
        and _FILE_NAME.fullmatch(name)
    )
    if not well_formed:
        raise InvalidObjectPath
    return f"{bucket}/{path}"


def is_canonical_uuid(text: str) -> bool:
    """Tell whether a text is a UUID in the one spelling that object paths use."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
