"""Layouts that users draw in the browser, kept for the job that follows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

from backend.clients.supabase import Supabase
from backend.db.repositories.storage_cleanups import StorageCleanupRepository
from backend.errors import ValidationFailed
from backend.services.branding.image_threads import ImageThreads
from backend.services.branding.logo_image import inspect
from backend.services.storage.buckets import Bucket
from backend.services.storage.storage_service import ObjectTooLarge, StorageService

MAX_SNAPSHOT_BYTES: Final = 10 * 1024 * 1024
_FOLDER: Final = "canvas"
_LIVES: Final = timedelta(hours=1)
_LIVES_FOR_A_JOB: Final = timedelta(days=1)
_NAME: Final = re.compile(r"([0-9a-f-]{36})/canvas/([0-9a-f-]{36}\.(?:png|jpg|webp))$")


class SnapshotSizeMismatch(ValidationFailed):
    """Say that a picture is not of the size it was said to be."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__("width", f"The picture is {width} x {height} pixels.", type="size_mismatch")


class UnknownSnapshot(ValidationFailed):
    """Say that an address is not that of a snapshot the caller stored within the last hour."""

    def __init__(self) -> None:
        super().__init__(
            "canvas_snapshot_url",
            "This is no snapshot of yours that is still kept. Store it with POST /canvas-snapshot first.",
            type="unknown_snapshot",
        )


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """Describe a stored layout."""

    id: UUID
    url: str
    path: str
    size: int
    expires_at: datetime


class CanvasSnapshots:
    """Keep layouts for an hour, or for a day once a job uses them.

    The note that deletes a snapshot is committed before the file is written, so none stays for ever. A job names a
    snapshot by its address, but nothing is fetched from there: only the name in it counts, and it must be the
    caller's own.
    """

    def __init__(
        self, cleanups: StorageCleanupRepository, supabase: Supabase, storage: StorageService, threads: ImageThreads
    ) -> None:
        self._cleanups = cleanups
        self._supabase = supabase
        self._storage = storage
        self._threads = threads

    async def store(self, user_id: UUID, data: bytes, content_type: str, *, width: int, height: int) -> StoredSnapshot:
        """Store a picture that is what it is said to be."""
        if len(data) > MAX_SNAPSHOT_BYTES:
            raise ObjectTooLarge(MAX_SNAPSHOT_BYTES)
        self._storage.check(Bucket.UPLOADS, data, content_type)
        size = await self._threads.run(inspect, data, content_type)
        if (size.width, size.height) != (width, height):
            raise SnapshotSizeMismatch(size.width, size.height)
        path = self._storage.new_path(user_id, _FOLDER, content_type=content_type)
        expires_at = datetime.now(UTC) + _LIVES
        async with self._supabase.side_session() as session:
            await StorageCleanupRepository(session).note(Bucket.UPLOADS, [path], _LIVES)
        stored = await self._storage.upload_raw(Bucket.UPLOADS, path, data, content_type)
        url = await self._storage.signed_url(Bucket.UPLOADS, path, int(_LIVES.total_seconds()))
        return StoredSnapshot(UUID(path.rpartition("/")[2].partition(".")[0]), url, path, stored.size, expires_at)

    async def keep_for_job(self, user_id: UUID, address: str) -> str:
        """Find the path of a user's own snapshot in its address and keep it long enough for a job."""
        found = _NAME.search(unquote(_path_of(address)))
        if found is None or found[1] != str(user_id):
            raise UnknownSnapshot
        path = f"{found[1]}/{_FOLDER}/{found[2]}"
        if not await self._cleanups.postpone(Bucket.UPLOADS, path, _LIVES_FOR_A_JOB):
            raise UnknownSnapshot
        return path


def _path_of(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError:
        raise UnknownSnapshot from None
