"""What nobody announces is found: silent workers, lost entries, files without an owner."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from backend.clients.storage import DeleteFailed
from backend.db.caller import Caller
from backend.db.repositories.job_queue import JobQueue
from backend.db.repositories.storage_cleanups import StorageCleanupRepository
from backend.db.session import DatabaseSession
from backend.db.tables.generation import Asset
from backend.db.tables.identity import User
from backend.services.generation.job_events import JobEvents
from backend.services.generation.job_lifecycle import Claimed, JobLifecycle
from backend.services.generation.sweeper import Sweeper
from backend.services.storage.buckets import Bucket
from backend.services.storage.storage_service import StorageService
from di import Container
from tests.support.jobs import (
    delete_due_files,
    let_lease_expire,
    noted_files,
    opened,
    png,
    read_assets,
    read_job,
    request_job,
    run_job,
)


async def store_noted(container: Container, user_id: UUID, due_in: timedelta) -> str:
    """Store a file with a note that it shall go."""
    storage = container.resolve(StorageService)
    path = storage.new_path(user_id, "somewhere", content_type="image/png")
    async with opened(container, StorageCleanupRepository, Caller.service()) as cleanups:
        await cleanups.note(Bucket.ASSETS, [path], due_in)
    await storage.upload_raw(Bucket.ASSETS, path, png(8, 8), "image/png")
    return path


async def test_recovered_job_is_told_to_its_viewers(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    async with opened(container, JobLifecycle, Caller.service()) as jobs:
        assert isinstance(await jobs.claim(job_id), Claimed)
    await let_lease_expire(container, job_id)
    await container.resolve(Sweeper).sweep()
    assert (await read_job(container, job_id)).status == "queued"
    assert [event.status for event in await container.resolve(JobEvents).since(job_id, 2)] == ["queued"]


async def test_file_is_deleted_when_it_is_due(container: Container, alice: UUID) -> None:
    path = await store_noted(container, alice, timedelta(seconds=-1))
    await delete_due_files(container)
    assert not await container.resolve(StorageService).exists(Bucket.ASSETS, path)
    assert await noted_files(container) == []


async def test_file_stays_until_it_is_due(container: Container, alice: UUID) -> None:
    path = await store_noted(container, alice, timedelta(hours=1))
    await delete_due_files(container)
    assert await container.resolve(StorageService).exists(Bucket.ASSETS, path)


class ReadOnlyStorage(StorageService):
    """Refuse to delete."""

    def __init__(self, real: StorageService) -> None:
        self.__dict__.update(real.__dict__)

    async def delete(self, bucket: Bucket, path: str) -> None:
        raise DeleteFailed(path)


async def test_file_that_could_not_be_deleted_keeps_its_note(container: Container, alice: UUID) -> None:
    path = await store_noted(container, alice, timedelta(seconds=-1))
    with container.override(StorageService, ReadOnlyStorage(container.resolve(StorageService))):
        await delete_due_files(container)
    assert await noted_files(container) == [path]


async def test_many_due_files_go_in_one_sweep(container: Container, alice: UUID) -> None:
    for _ in range(3):
        await store_noted(container, alice, timedelta(seconds=-1))
    await asyncio.gather(delete_due_files(container), delete_due_files(container))
    assert await noted_files(container) == []


async def test_files_of_a_deleted_account_go(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await run_job(container, job_id)
    [asset] = await read_assets(container, job_id)
    async with opened(container, DatabaseSession, Caller.service()) as session:
        await session.delete((await session.scalars(select(User).where(User.id == alice))).one())
    await delete_due_files(container)
    assert not await container.resolve(StorageService).exists(Bucket.ASSETS, asset.storage_path)


async def test_file_of_a_deletion_that_was_rolled_back_stays(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await run_job(container, job_id)
    [asset] = await read_assets(container, job_id)

    async def deletion_that_fails() -> None:
        async with opened(container, DatabaseSession, Caller.user(alice)) as session:
            await session.delete((await session.scalars(select(Asset).where(Asset.id == asset.id))).one())
            await session.flush()
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await deletion_that_fails()
    await delete_due_files(container)
    assert await container.resolve(StorageService).exists(Bucket.ASSETS, asset.storage_path)


async def test_old_lines_of_the_queues_log_are_forgotten(container: Container, alice: UUID) -> None:
    await request_job(container, alice)
    async with opened(container, DatabaseSession, Caller.service()) as session:
        await session.execute(
            text("UPDATE pgqueuer.pgqueuer_log SET aggregated = true, created = now() - interval '8 d'")
        )
    async with opened(container, JobQueue, Caller.service()) as queue:
        await queue.forget(timedelta(days=7))
    async with opened(container, DatabaseSession, Caller.service()) as session:
        assert await session.scalar(text("SELECT count(*) FROM pgqueuer.pgqueuer_log")) == 0
