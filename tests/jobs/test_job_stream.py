"""What a viewer sees: each event once and in order, whatever becomes of Valkey or of the connection."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import QueuePool

from backend.clients.redis import Redis
from backend.clients.supabase import Supabase
from backend.db.caller import Caller
from backend.services.generation.generation_service import GenerationService
from backend.services.generation.job_errors import JobNotFound
from backend.services.generation.job_events import JobEventHub, JobEvents, stream_key
from backend.services.generation.job_stream import JobStream, StreamEvent
from backend.services.generation.jobs import JobEvent
from backend.services.generation.vocabulary import JobStatus
from backend.services.units_of_work import UnitsOfWork
from backend.settings import Settings
from di import Container
from tests.support.jobs import (
    FlakyUnits,
    StagedImages,
    add_user,
    container_of,
    eventually,
    opened,
    request_job,
    run_job,
)


async def watch(container: Container, user_id: UUID, job_id: UUID, last: int | None = None) -> list[StreamEvent]:
    """Follow a job to its end."""
    async with asyncio.timeout(20):
        return [event async for event in container.resolve(JobStream).follow(user_id, job_id, last)]


def numbers(events: list[StreamEvent]) -> list[int | None]:
    return [event.seq for event in events]


async def test_viewer_from_the_start_sees_every_change(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    watching = asyncio.create_task(watch(container, alice, job_id))
    await first_look(container)
    await run_job(container, job_id)
    events = await watching
    assert numbers(events) == [1, 2, 3, 4, 5, 6, 7]
    assert [event.type for event in events] == ["progress"] * 6 + ["completed"]


async def first_look(container: Container, viewers: int = 1) -> None:
    """Wait until so many viewers listen."""

    async def listening() -> bool:
        return container.resolve(JobEventHub).watched >= viewers

    await eventually(listening)


async def test_late_viewer_sees_where_the_job_stands_first(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await run_job(container, job_id)
    [event] = await watch(container, alice, job_id)
    assert (event.type, event.seq) == ("completed", 7)


async def test_completed_event_has_an_address_of_the_asset(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await run_job(container, job_id)
    [event] = await watch(container, alice, job_id)
    assert event.data["asset"]["width"] == 1280
    assert "signature=" in event.data["asset"]["url"]


async def test_reconnecting_viewer_gets_each_later_event_once(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await run_job(container, job_id)
    seen = {last: numbers(await watch(container, alice, job_id, last)) for last in range(1, 7)}
    assert seen == {last: list(range(last + 1, 8)) for last in range(1, 7)}


async def test_viewer_who_has_seen_the_end_gets_nothing_more(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await run_job(container, job_id)
    assert await watch(container, alice, job_id, 7) == []


async def test_number_from_nowhere_starts_at_the_present(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await run_job(container, job_id)
    assert numbers(await watch(container, alice, job_id, 999)) == [7]


async def test_lost_stream_is_made_up_for_by_the_row(container: Container, redis: Redis, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await run_job(container, job_id)
    await redis.delete(stream_key(job_id))
    assert numbers(await watch(container, alice, job_id, 3)) == [7]


async def test_viewer_sees_the_end_without_valkey(
    settings: Settings, container: Container, images: StagedImages, alice: UUID
) -> None:
    alone = settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1/0")})
    job_id = await request_job(container, alice)
    async with container_of(alone, images) as cut_off:
        watching = asyncio.create_task(watch(cut_off, alice, job_id))
        await first_look(cut_off)
        await run_job(container, job_id)
        events = await watching
    assert (events[0].seq, events[-1].type) == (1, "completed")


async def test_viewer_is_asked_to_reconnect_while_postgres_is_away(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    units = FlakyUnits(container.resolve(UnitsOfWork))  # type: ignore[type-abstract]  # a Protocol is a key too
    units.outages = 1
    with container.override(UnitsOfWork, units):
        [event] = await watch(container, alice, job_id)
    assert (event.type, event.seq, event.data["error"]["code"]) == ("error", None, "SERVICE_UNAVAILABLE")


async def test_canceled_job_ends_the_stream(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    watching = asyncio.create_task(watch(container, alice, job_id))
    await first_look(container)
    async with opened(container, GenerationService, Caller.user(alice)) as generation:
        await generation.cancel(alice, job_id)
    assert [event.type for event in await watching] == ["progress", "canceled"]


async def test_failed_job_tells_why(container: Container, images: StagedImages, alice: UUID) -> None:
    images.failures.append(ZeroDivisionError())
    job_id = await request_job(container, alice)
    await run_job(container, job_id)
    [event] = await watch(container, alice, job_id)
    assert event.data["error"] == {"code": "GENERATION_ERROR", "message": "The image could not be made."}


async def test_watching_viewers_hold_no_database_connection(
    container: Container, supabase: Supabase, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    watching = [asyncio.create_task(watch(container, alice, job_id)) for _ in range(20)]
    await first_look(container, 20)
    pool = container.resolve(Supabase).engine.pool
    assert isinstance(pool, QueuePool)

    async def all_given_back() -> bool:
        return pool.checkedout() == 0

    await eventually(all_given_back)
    assert not any(task.done() for task in watching)
    await run_job(container, job_id)
    assert {numbers(await task)[-1] for task in watching} == {7}


async def test_many_viewers_share_one_blocking_redis_connection(container: Container, alice: UUID) -> None:
    jobs = [await request_job(container, alice) for _ in range(3)]
    watching = [asyncio.create_task(watch(container, alice, job_id)) for job_id in jobs for _ in range(3)]
    await first_look(container, 9)
    blocked = await container.resolve(Redis).info("clients")
    assert blocked["blocked_clients"] <= 1
    for job_id in jobs:
        await run_job(container, job_id)
    await asyncio.gather(*watching)


async def test_foreign_job_is_not_found(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, await add_user(container))
    with pytest.raises(JobNotFound):
        await container.resolve(JobStream).check(alice, job_id)


async def test_event_told_twice_or_late_is_kept_once_and_in_order(container: Container, alice: UUID) -> None:
    events = container.resolve(JobEvents)
    job_id = await request_job(container, alice)
    for seq in (2, 3, 3, 2):
        await events.publish(JobEvent(job_id, seq, JobStatus.PROCESSING, seq * 10))
    assert [event.seq for event in await events.since(job_id, 0)] == [2, 3]


async def test_stream_of_a_job_expires(container: Container, redis: Redis, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await run_job(container, job_id)
    assert 0 < await redis.ttl(stream_key(job_id)) <= 3600
