"""Stored files, for whoever holds a signed address of the local object store."""

import re
import time
from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import Response, StreamingResponse

from backend.api.errors import Responses, responses
from backend.api.service_dependencies import StorageServiceDep
from backend.services.storage.buckets import Bucket
from backend.services.storage.content_types import content_type_of
from backend.services.storage.storage_service import (
    ByteRange,
    InvalidSignature,
    RangeNotSatisfiable,
    StoredObjectNotFound,
)

router = APIRouter(prefix="/files", tags=["files"])

_FAILURES: Final = responses(InvalidSignature, StoredObjectNotFound)
_RANGE: Final = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?")
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_ANSWERS: Final[Responses] = {
    200: {"description": "The file", "content": {"application/octet-stream": _BINARY}},
    206: {"description": "The bytes that `Range` asked for", "content": {"application/octet-stream": _BINARY}},
    304: {"description": "The file is still the one that `If-None-Match` names"},
}

ObjectPath = Annotated[str, Path(max_length=1024, description="`<owner>/<folders>/<name>.<extension>`")]
Expires = Annotated[int, Query(ge=0, le=10**12, description="When the address ends, in seconds since 1970")]
Signature = Annotated[str, Query(max_length=128)]


@router.get(
    "/{bucket}/{path:path}",
    summary="Download a file",
    response_class=StreamingResponse,
    responses={**_ANSWERS, **_FAILURES, **responses(RangeNotSatisfiable)},
)
async def download_file(
    bucket: Bucket,
    path: ObjectPath,
    expires: Expires,
    signature: Signature,
    storage: StorageServiceDep,
    range_: Annotated[str | None, Header(alias="Range")] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Give a file, or a part of it, to whoever holds its signed address; there is no other way to it."""
    storage.verify(bucket, path, expires, signature)
    etag = (await storage.describe(bucket, path)).etag or ""
    headers = _headers(path, etag, expires)
    if if_none_match is not None and etag in {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}:
        return Response(status_code=304, headers=headers)
    wanted = _parse_range(range_) if if_range in {None, etag} else None
    reader = await storage.open(bucket, path, wanted)
    headers["Content-Length"] = str(reader.end - reader.start)
    if wanted is not None:
        headers["Content-Range"] = f"bytes {reader.start}-{reader.end - 1}/{reader.info.size}"
    return StreamingResponse(reader.chunks, 200 if wanted is None else 206, headers, media_type=headers["Content-Type"])


@router.head(
    "/{bucket}/{path:path}",
    summary="Describe a file",
    response_class=Response,
    responses={200: {"description": "The file's headers"}, **_FAILURES},
)
async def describe_file(
    bucket: Bucket, path: ObjectPath, expires: Expires, signature: Signature, storage: StorageServiceDep
) -> Response:
    """Give the headers that a download would have."""
    storage.verify(bucket, path, expires, signature)
    info = await storage.describe(bucket, path)
    return Response(headers={**_headers(path, info.etag or "", expires), "Content-Length": str(info.size)})


def _headers(path: str, etag: str, expires: int) -> dict[str, str]:
    """Let a browser show the file and nothing else: no guessing of types, no script, no frame."""
    content_type = content_type_of(path)
    disposition = "attachment" if content_type is None else "inline"
    return {
        "Content-Type": content_type or "application/octet-stream",
        "Content-Disposition": f'{disposition}; filename="{path.rpartition("/")[2]}"',
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": f"private, max-age={max(0, expires - int(time.time()))}",
        "Accept-Ranges": "bytes",
        "ETag": etag,
    }


def _parse_range(value: str | None) -> ByteRange | None:
    """Read one range; several, or anything malformed, mean the whole file, as HTTP allows."""
    match = _RANGE.fullmatch(value or "")
    if match is None or match.group(1) is match.group(2) is None:
        return None
    first, last = (None if group is None else int(group) for group in match.groups())
    if first is not None and last is not None and last < first:
        return None
    return ByteRange(first, last)
