"""The states of a job: who may move it, when, and what is saved together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID, uuid4

import pytest

from backend.clients.generation_errors import GenerationContentPolicy, GenerationRateLimited, GenerationTimedOut
from backend.db.caller import Caller
from backend.db.repositories.generation_jobs import Lease
from backend.services.generation.generation_service import GenerationService
from backend.services.generation.job_lifecycle import Claimed, JobLifecycle, NewAsset, NotClaimed
from backend.services.generation.jobs import JobCanceled, JobFailure, LeaseLost
from backend.services.storage.buckets import Bucket
from backend.services.storage.storage_service import StoredObject
from di import Container
from tests.support.jobs import (
    creations_used,
    let_lease_expire,
    opened,
    queue_entries,
    read_assets,
    read_job,
    remove_queue_entries,
    request_job,
)

Lifecycle = Callable[[], AbstractAsyncContextManager[JobLifecycle]]

RETRYABLE = JobFailure.of(GenerationTimedOut(60))


@pytest.fixture
def lifecycle(container: Container) -> Lifecycle:
    return lambda: opened(container, JobLifecycle, Caller.service())


async def claim(lifecycle: Lifecycle, job_id: UUID) -> Lease:
    async with lifecycle() as jobs:
        claimed = await jobs.claim(job_id)
    assert isinstance(claimed, Claimed)
    return claimed.lease


async def store(lifecycle: Lifecycle, lease: Lease) -> NewAsset:
    path = f"{uuid4()}/{lease.job_id}/{uuid4()}.png"
    async with lifecycle() as jobs:
        await jobs.note_files(lease, Bucket.ASSETS, [path])
    return NewAsset(StoredObject(Bucket.ASSETS, path, 100, "image/png"), "thumbnail", 1280, 720)


async def request_cancel(container: Container, user_id: UUID, job_id: UUID) -> None:
    async with opened(container, GenerationService, Caller.user(user_id)) as generation:
        await generation.cancel(user_id, job_id)


async def test_claim_starts_an_attempt(container: Container, lifecycle: Lifecycle, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await claim(lifecycle, job_id)
    job = await read_job(container, job_id)
    assert (job.status, job.attempt, job.progress) == ("processing", 1, 10)


async def test_of_many_claims_at_once_one_wins(container: Container, lifecycle: Lifecycle, alice: UUID) -> None:
    job_id = await request_job(container, alice)

    async def try_claim() -> Claimed | NotClaimed:
        async with lifecycle() as jobs:
            return await jobs.claim(job_id)

    claims = await asyncio.gather(*(try_claim() for _ in range(8)))
    assert sum(isinstance(result, Claimed) for result in claims) == 1


async def test_claim_of_a_held_job_says_when_to_ask_again(
    container: Container, lifecycle: Lifecycle, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    await claim(lifecycle, job_id)
    async with lifecycle() as jobs:
        again = await jobs.claim(job_id)
    assert isinstance(again, NotClaimed)
    assert again.again_in is not None
    assert 0 < again.again_in <= 30


async def test_expired_lease_goes_to_the_next_worker(container: Container, lifecycle: Lifecycle, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    silent = await claim(lifecycle, job_id)
    await let_lease_expire(container, job_id)
    assert await claim(lifecycle, job_id) != silent
    assert (await read_job(container, job_id)).attempt == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda jobs, lease: jobs.advance(lease, 50),
        lambda jobs, lease: jobs.renew(lease),
        lambda jobs, lease: jobs.note_files(lease, Bucket.ASSETS, ["a/b.png"]),
        lambda jobs, lease: jobs.settle_failure(lease, RETRYABLE),
        lambda jobs, lease: jobs.settle_cancel(lease),
        lambda jobs, lease: jobs.hand_back(lease),
    ],
    ids=["advance", "renew", "note_files", "settle_failure", "settle_cancel", "hand_back"],
)
async def test_beaten_worker_can_write_nothing(
    container: Container, lifecycle: Lifecycle, alice: UUID, change: Callable[[JobLifecycle, Lease], object]
) -> None:
    job_id = await request_job(container, alice)
    beaten = await claim(lifecycle, job_id)
    await let_lease_expire(container, job_id)
    await claim(lifecycle, job_id)
    before = await read_job(container, job_id)
    with pytest.raises(LeaseLost):
        async with lifecycle() as jobs:
            await change(jobs, beaten)  # type: ignore[misc]  # each is a coroutine of another type
    after = await read_job(container, job_id)
    assert (after.event_seq, after.lease_token) == (before.event_seq, before.lease_token)


async def test_beaten_worker_completes_nothing(container: Container, lifecycle: Lifecycle, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    beaten = await claim(lifecycle, job_id)
    asset = await store(lifecycle, beaten)
    await let_lease_expire(container, job_id)
    await claim(lifecycle, job_id)
    with pytest.raises(LeaseLost):
        async with lifecycle() as jobs:
            await jobs.complete(beaten, [asset])
    assert await read_assets(container, job_id) == []


async def test_completion_saves_assets_state_and_charge_together(
    container: Container, lifecycle: Lifecycle, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    lease = await claim(lifecycle, job_id)
    asset = await store(lifecycle, lease)
    async with lifecycle() as jobs:
        await jobs.complete(lease, [asset])
    job = await read_job(container, job_id)
    assert (job.status, job.progress, job.lease_token) == ("completed", 100, None)
    assert [row.storage_path for row in await read_assets(container, job_id)] == [asset.stored.path]
    assert await creations_used(container, alice) == 1


async def test_completion_fails_whole_when_a_file_may_be_gone(
    container: Container, lifecycle: Lifecycle, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    lease = await claim(lifecycle, job_id)
    unnoted = NewAsset(StoredObject(Bucket.ASSETS, "x/y.png", 100, "image/png"), "thumbnail", 1280, 720)
    with pytest.raises(LeaseLost):
        async with lifecycle() as jobs:
            await jobs.complete(lease, [unnoted])
    assert (await read_job(container, job_id)).status == "processing"


async def test_canceled_job_never_completes(container: Container, lifecycle: Lifecycle, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    lease = await claim(lifecycle, job_id)
    asset = await store(lifecycle, lease)
    await request_cancel(container, alice, job_id)
    with pytest.raises(JobCanceled):
        async with lifecycle() as jobs:
            await jobs.complete(lease, [asset])


async def test_retryable_failure_requeues_with_the_attempt_counted(
    container: Container, lifecycle: Lifecycle, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    lease = await claim(lifecycle, job_id)
    async with lifecycle() as jobs:
        settled = await jobs.settle_failure(lease, RETRYABLE)
    job = await read_job(container, job_id)
    assert (job.status, job.attempt, job.lease_token) == ("queued", 1, None)
    assert settled.again_in == pytest.approx(2.0, rel=0.26)


async def test_wait_doubles_with_each_try(container: Container, lifecycle: Lifecycle, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    waits = []
    for _ in range(2):
        lease = await claim(lifecycle, job_id)
        async with lifecycle() as jobs:
            waits.append((await jobs.settle_failure(lease, RETRYABLE)).again_in)
    assert waits[1] == pytest.approx(4.0, rel=0.26)


async def test_provider_says_how_long_to_wait(container: Container, lifecycle: Lifecycle, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    lease = await claim(lifecycle, job_id)
    async with lifecycle() as jobs:
        settled = await jobs.settle_failure(lease, JobFailure.of(GenerationRateLimited(45)))
    assert settled.again_in == 45


async def test_last_try_ends_the_job_and_gives_the_quota_back(
    container: Container, lifecycle: Lifecycle, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    for _ in range(3):
        lease = await claim(lifecycle, job_id)
        async with lifecycle() as jobs:
            await jobs.settle_failure(lease, RETRYABLE)
    job = await read_job(container, job_id)
    assert (job.status, job.error_code) == ("failed", "GENERATION_TIMEOUT")
    assert await creations_used(container, alice) == 0


async def test_refused_content_is_not_tried_again(container: Container, lifecycle: Lifecycle, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    lease = await claim(lifecycle, job_id)
    async with lifecycle() as jobs:
        await jobs.settle_failure(lease, JobFailure.of(GenerationContentPolicy("SAFETY")))
    assert (await read_job(container, job_id)).status == "failed"
    assert await creations_used(container, alice) == 0


async def test_unforeseen_error_shows_nothing_of_itself(
    container: Container, lifecycle: Lifecycle, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    lease = await claim(lifecycle, job_id)
    async with lifecycle() as jobs:
        await jobs.settle_failure(lease, JobFailure.of(KeyError("secret-path")))
    assert "secret" not in ((await read_job(container, job_id)).error_message or "")


async def test_handed_back_job_has_lost_no_attempt(container: Container, lifecycle: Lifecycle, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    lease = await claim(lifecycle, job_id)
    async with lifecycle() as jobs:
        await jobs.hand_back(lease)
    job = await read_job(container, job_id)
    assert (job.status, job.attempt) == ("queued", 0)


async def test_reaper_requeues_a_silent_workers_job(container: Container, lifecycle: Lifecycle, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await claim(lifecycle, job_id)
    await let_lease_expire(container, job_id)
    async with lifecycle() as jobs:
        events = await jobs.recover_expired()
    assert [(event.job_id, event.status) for event in events] == [(job_id, "queued")]


async def test_reaper_leaves_working_workers_alone(container: Container, lifecycle: Lifecycle, alice: UUID) -> None:
    await claim(lifecycle, await request_job(container, alice))
    async with lifecycle() as jobs:
        assert await jobs.recover_expired() == []


async def test_job_that_kills_every_worker_fails_and_gives_the_quota_back(
    container: Container, lifecycle: Lifecycle, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    for _ in range(3):
        await claim(lifecycle, job_id)
        await let_lease_expire(container, job_id)
    async with lifecycle() as jobs:
        await jobs.recover_expired()
    job = await read_job(container, job_id)
    assert (job.status, job.error_code) == ("failed", "WORKER_LOST")
    assert await creations_used(container, alice) == 0


async def test_reaper_ends_a_canceled_job_of_a_silent_worker(
    container: Container, lifecycle: Lifecycle, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    await claim(lifecycle, job_id)
    await request_cancel(container, alice, job_id)
    await let_lease_expire(container, job_id)
    async with lifecycle() as jobs:
        await jobs.recover_expired()
    assert (await read_job(container, job_id)).status == "canceled"
    assert await creations_used(container, alice) == 0


async def test_queued_job_without_an_entry_gets_one(container: Container, lifecycle: Lifecycle, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await remove_queue_entries(container)
    async with lifecycle() as jobs:
        assert await jobs.ring_for_silent() == 1
    assert await queue_entries(container) == [(str(job_id), "queued")]


async def test_job_with_an_entry_gets_no_second_one(container: Container, lifecycle: Lifecycle, alice: UUID) -> None:
    await request_job(container, alice)
    async with lifecycle() as jobs:
        assert await jobs.ring_for_silent() == 0
