"""The worker: it takes what is queued, stops when told, and survives what happens around it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import text

from backend.clients.generation_errors import GenerationServerFailed
from backend.db.caller import Caller
from backend.db.session import DatabaseSession
from backend.services.generation.generation_service import GenerationService
from backend.settings import Settings
from backend.worker import Worker
from di import Container
from tests.support.failing_servers import FailingPostgres
from tests.support.jobs import (
    StagedImages,
    container_of,
    creations_used,
    eventually,
    opened,
    queue_entries,
    read_assets,
    read_job,
    remove_queue_entries,
    request_job,
)


@asynccontextmanager
async def working(container: Container, settings: Settings) -> AsyncIterator[asyncio.Event]:
    """Run a worker beside the block; it is told to stop at its end."""
    stop = asyncio.Event()
    worker = asyncio.create_task(Worker(container, settings).run(stop))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await worker


async def ended(container: Container, job_id: UUID) -> str:
    """Wait until a job has ended, and say how."""

    async def final_status() -> str | None:
        job = await read_job(container, job_id)
        return job.status if job.completed_at else None

    return await eventually(final_status) or ""


async def no_entries(container: Container) -> bool:
    return await queue_entries(container) == []


async def terminate(container: Container, application_name: str) -> None:
    """Break connections as a restart of Postgres does."""
    async with opened(container, DatabaseSession, Caller.service()) as session:
        await session.execute(text("RESET ROLE"))
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND application_name LIKE :name"
            ),
            {"name": application_name},
        )


async def test_queued_job_is_run_and_its_entry_removed(container: Container, settings: Settings, alice: UUID) -> None:
    async with working(container, settings):
        job_id = await request_job(container, alice)
        assert await ended(container, job_id) == "completed"
        await eventually(lambda: no_entries(container))


async def test_job_queued_before_the_worker_started_is_run(
    container: Container, settings: Settings, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    async with working(container, settings):
        assert await ended(container, job_id) == "completed"


async def test_two_workers_run_every_job_once(
    container: Container, settings: Settings, images: StagedImages, alice: UUID
) -> None:
    async with container_of(settings, images) as other, working(container, settings), working(other, settings):
        jobs = [await request_job(container, alice) for _ in range(8)]
        for job_id in jobs:
            assert await ended(container, job_id) == "completed"
    assert len(images.requests) == 8
    assert [len(await read_assets(container, job_id)) for job_id in jobs] == [1] * 8


async def test_failed_try_is_repeated_after_its_wait(
    container: Container, settings: Settings, images: StagedImages, alice: UUID
) -> None:
    images.failures.append(GenerationServerFailed(503))
    quick = settings.model_copy(update={"job_retry_seconds": 0.2})
    async with container_of(quick, images) as patient, working(patient, quick):
        job_id = await request_job(patient, alice)
        assert await ended(patient, job_id) == "completed"
    assert (await read_job(container, job_id)).attempt == 2


async def test_cancel_reaches_a_running_job_at_once(
    container: Container, settings: Settings, images: StagedImages, alice: UUID
) -> None:
    images.go_on.clear()
    rarely_looking = settings.model_copy(update={"job_lease_seconds": 600.0})
    async with container_of(rarely_looking, images) as other, working(other, rarely_looking):
        job_id = await request_job(container, alice)
        await images.reached.wait()
        async with opened(container, GenerationService, Caller.user(alice)) as generation:
            await generation.cancel(alice, job_id)
        assert await ended(container, job_id) == "canceled"
        await eventually(lambda: no_entries(container))
    assert images.aborted == 1
    assert await creations_used(container, alice) == 0


async def test_stopping_worker_finishes_its_job(
    container: Container, settings: Settings, images: StagedImages, alice: UUID
) -> None:
    images.go_on.clear()
    async with working(container, settings) as stop:
        job_id = await request_job(container, alice)
        await images.reached.wait()
        stop.set()
        images.go_on.set()
    assert (await read_job(container, job_id)).status == "completed"


async def test_stopping_worker_hands_a_long_job_back(
    container: Container, settings: Settings, images: StagedImages, alice: UUID
) -> None:
    images.go_on.clear()
    hasty = settings.model_copy(update={"worker_shutdown_seconds": 0.1})
    async with container_of(hasty, images) as other, working(other, hasty) as stop:
        job_id = await request_job(container, alice)
        await images.reached.wait()
        stop.set()
    job = await read_job(container, job_id)
    assert (job.status, job.attempt) == ("queued", 0)
    assert await queue_entries(container) == [(str(job_id), "queued")]


async def test_handed_back_job_is_run_by_the_next_worker(
    container: Container, settings: Settings, images: StagedImages, alice: UUID
) -> None:
    images.go_on.clear()
    hasty = settings.model_copy(update={"worker_shutdown_seconds": 0.0})
    async with container_of(hasty, images) as other, working(other, hasty) as stop:
        job_id = await request_job(container, alice)
        await images.reached.wait()
        stop.set()
    images.go_on.set()
    async with working(container, settings):
        assert await ended(container, job_id) == "completed"


async def test_worker_reconnects_when_its_queue_connection_breaks(
    container: Container, settings: Settings, alice: UUID
) -> None:
    async with working(container, settings):
        assert await ended(container, await request_job(container, alice)) == "completed"
        await terminate(container, "aurastream-queue")
        assert await ended(container, await request_job(container, alice)) == "completed"


async def test_worker_reconnects_when_postgres_says_goodbye_and_does_not_hang_up(
    container: Container, settings: Settings, images: StagedImages, alice: UUID
) -> None:
    """The server has said goodbye and has not hung up; whatever pgqueuer sends in between is its client's own error."""
    complaints: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["message"]))
    async with FailingPostgres(settings.database_url.get_secret_value()).listening() as failing:
        relayed = settings.model_copy(update={"database_url": SecretStr(failing.url)})
        async with container_of(relayed, images) as other, working(other, relayed):
            assert await ended(container, await request_job(container, alice)) == "completed"
            await eventually(lambda: no_entries(container))  # pgqueuer has nothing to say until it is rung for
            await failing.say_goodbye("aurastream-queue")
            assert await ended(container, await request_job(container, alice)) == "completed"
    gc.collect()  # a task whose failure nobody looked at says so when it goes
    assert complaints == []


async def test_running_job_survives_the_loss_of_every_connection(
    container: Container, settings: Settings, images: StagedImages, alice: UUID
) -> None:
    images.go_on.clear()
    async with working(container, settings):
        job_id = await request_job(container, alice)
        await images.reached.wait()
        await terminate(container, "%")
        images.go_on.set()
        assert await ended(container, job_id) == "completed"

    assert len(images.requests) == 1
    assert await creations_used(container, alice) == 1


async def test_jobs_run_while_valkey_is_away(
    container: Container, settings: Settings, images: StagedImages, alice: UUID
) -> None:
    alone = settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1/0")})
    async with container_of(alone, images) as other, working(other, alone):
        job_id = await request_job(container, alice)
        assert await ended(container, job_id) == "completed"


async def test_job_whose_entry_was_lost_is_found_by_the_sweep(
    container: Container, settings: Settings, images: StagedImages, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    await remove_queue_entries(container)
    async with working(container, settings):
        assert await ended(container, job_id) == "completed"


async def test_drain_ends_when_nothing_is_queued(container: Container, settings: Settings, alice: UUID) -> None:
    jobs = [await request_job(container, alice) for _ in range(3)]
    async with asyncio.timeout(20):
        await Worker(container, settings).run(asyncio.Event(), drain=True)
    assert [(await read_job(container, job_id)).status for job_id in jobs] == ["completed"] * 3
