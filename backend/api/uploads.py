"""Reading uploaded files."""

from fastapi import UploadFile

from backend.services.storage.storage_service import ObjectTooLarge

_CHUNK_BYTES = 256 * 1024


async def read_upload(file: UploadFile, max_bytes: int) -> bytes:
    """Read a file piece by piece, and stop with `ObjectTooLarge` where it goes on beyond the limit."""
    data = bytearray()
    while chunk := await file.read(_CHUNK_BYTES):
        data += chunk
        if len(data) > max_bytes:
            raise ObjectTooLarge(max_bytes)
    return bytes(data)
