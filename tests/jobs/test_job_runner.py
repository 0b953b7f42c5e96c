"""One job from claim to end: its steps, what interrupts them, and what it leaves behind."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar
from uuid import UUID

import pytest
from PIL import Image

from backend.clients.generation_errors import GenerationContentPolicy, GenerationServerFailed
from backend.clients.storage import StoredObjectNotFound, UploadFailed
from backend.db.caller import Caller
from backend.services.generation.asset_service import AssetService
from backend.services.generation.asset_types import AssetType
from backend.services.generation.brand_style import LogoPosition
from backend.services.generation.generation_plan import BrandChoice, GenerationRequest
from backend.services.generation.generation_service import GenerationService
from backend.services.generation.job_events import JobEvents
from backend.services.generation.job_runner import Interrupts
from backend.services.generation.jobs import JobEvent
from backend.services.storage.buckets import Bucket
from backend.services.storage.storage_service import StorageService, StoredObject
from backend.services.units_of_work import UnitsOfWork
from backend.settings import Settings
from di import Container
from tests.support.jobs import (
    FlakyUnits,
    StagedImages,
    add_kit_with_logo,
    container_of,
    creations_used,
    eventually,
    let_files_be_due,
    let_lease_expire,
    noted_files,
    opened,
    read_assets,
    read_job,
    request_job,
    run_job,
)

T = TypeVar("T")


async def cancel(container: Container, user_id: UUID, job_id: UUID) -> None:
    async with opened(container, GenerationService, Caller.user(user_id)) as generation:
        await generation.cancel(user_id, job_id)


class WatchfulEvents(JobEvents):
    """Publish as ever, then do something when a step begins."""

    def __init__(self, events: JobEvents) -> None:
        self._events = events
        self.at: int | None = None
        self.seen: list[int] = []
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def publish(self, event: JobEvent) -> None:
        await self._events.publish(event)
        self.seen.append(event.progress)
        if event.progress == self.at:
            self.reached.set()
            await self.go_on.wait()


@asynccontextmanager
async def stopped_at(container: Container, job_id: UUID, step: int) -> AsyncIterator[WatchfulEvents]:
    """Run a job up to a step, let the test act, then let it go on to its end."""
    events = WatchfulEvents(container.resolve(JobEvents))
    events.at = step
    with container.override(JobEvents, events):
        running = asyncio.create_task(run_job(container, job_id))
        await events.reached.wait()
        yield events
        events.go_on.set()
        await running


async def test_job_becomes_a_stored_picture(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await run_job(container, job_id)
    [asset] = await read_assets(container, job_id)
    stored = await container.resolve(StorageService).get(Bucket.ASSETS, asset.storage_path)
    assert (asset.width, asset.height, asset.file_size) == (1280, 720, len(stored))


async def test_steps_tell_their_progress(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await run_job(container, job_id)
    events = await container.resolve(JobEvents).since(job_id, 0)
    assert [event.progress for event in events] == [10, 20, 30, 70, 85, 100]
    assert [event.seq for event in events] == [2, 3, 4, 5, 6, 7]


async def test_emote_is_delivered_in_three_sizes(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice, GenerationRequest(asset_type=AssetType.TWITCH_EMOTE))
    await run_job(container, job_id)
    assets = await read_assets(container, job_id)
    assert [(asset.asset_type, asset.width) for asset in assets] == [
        ("twitch_emote_112", 112),
        ("twitch_emote_56", 56),
        ("twitch_emote_28", 28),
    ]


class FailingStorage(StorageService):
    """Refuse files whose path contains some text."""

    def __init__(self, real: StorageService, refused: str) -> None:
        self.__dict__.update(real.__dict__)
        self.refused = refused

    async def upload_raw(self, bucket: Bucket, path: str, data: bytes, content_type: str) -> StoredObject:
        if self.refused in path:
            raise UploadFailed(path)
        return await super().upload_raw(bucket, path, data, content_type)


async def test_emote_with_a_size_missing_is_partial(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice, GenerationRequest(asset_type=AssetType.TWITCH_EMOTE))
    with container.override(StorageService, FailingStorage(container.resolve(StorageService), "-56.png")):
        await run_job(container, job_id)
    assert (await read_job(container, job_id)).status == "partial"
    assert [asset.width for asset in await read_assets(container, job_id)] == [112, 28]
    assert await creations_used(container, alice) == 1


async def test_nothing_stored_is_tried_again(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    with container.override(StorageService, FailingStorage(container.resolve(StorageService), ".png")):
        assert await run_job(container, job_id) is not None
    assert (await read_job(container, job_id)).status == "queued"


async def test_second_try_succeeds(container: Container, images: StagedImages, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    images.failures.append(GenerationServerFailed(500))
    assert await run_job(container, job_id) is not None
    assert await run_job(container, job_id) is None
    assert (await read_job(container, job_id)).status == "completed"
    assert await creations_used(container, alice) == 1


async def test_refused_job_fails_with_its_reason(container: Container, images: StagedImages, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    images.failures.append(GenerationContentPolicy("SAFETY"))
    assert await run_job(container, job_id) is None
    job = await read_job(container, job_id)
    assert (job.status, job.error_code) == ("failed", "GENERATION_CONTENT_POLICY")


async def test_bug_in_a_step_fails_the_job_and_not_the_worker(
    container: Container, images: StagedImages, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    images.failures.append(ZeroDivisionError())
    assert await run_job(container, job_id) is None
    assert (await read_job(container, job_id)).status == "failed"


@pytest.mark.parametrize("step", [10, 20, 30, 70, 85])
async def test_cancel_at_each_step_ends_the_job_free_of_charge(container: Container, alice: UUID, step: int) -> None:
    job_id = await request_job(container, alice)
    async with stopped_at(container, job_id, step):
        await cancel(container, alice, job_id)
    job = await read_job(container, job_id)
    assert job.status == "canceled"
    assert await read_assets(container, job_id) == []
    assert await creations_used(container, alice) == 0


async def test_job_canceled_while_preparing_asks_no_model(
    container: Container, images: StagedImages, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    async with stopped_at(container, job_id, 20):
        await cancel(container, alice, job_id)
    assert images.requests == []


async def test_cancel_aborts_the_models_call(container: Container, images: StagedImages, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    images.go_on.clear()
    interrupts = Interrupts()
    running = asyncio.create_task(run_job(container, job_id, interrupts))
    await images.reached.wait()
    await cancel(container, alice, job_id)
    interrupts.cancel.set()
    await running
    assert images.aborted == 1
    assert (await read_job(container, job_id)).status == "canceled"


async def test_canceled_jobs_files_are_deleted(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    async with stopped_at(container, job_id, 85):
        [path] = await noted_files(container)
        await cancel(container, alice, job_id)
    await let_files_be_due(container)
    with pytest.raises(StoredObjectNotFound):
        await container.resolve(StorageService).get(Bucket.ASSETS, path)


async def test_kept_files_have_no_note(container: Container, alice: UUID) -> None:
    await run_job(container, await request_job(container, alice))
    assert await noted_files(container) == []


async def test_steps_wait_for_postgres_to_come_back(container: Container, images: StagedImages, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    units = FlakyUnits(container.resolve(UnitsOfWork))  # type: ignore[type-abstract]  # a Protocol is a key too
    images.go_on.clear()
    with container.override(UnitsOfWork, units):
        running = asyncio.create_task(run_job(container, job_id))
        await images.reached.wait()
        units.outages = 3
        images.go_on.set()
        await running
    assert (await read_job(container, job_id)).status == "completed"
    assert len(images.requests) == 1


async def test_stopping_worker_hands_its_job_back(container: Container, images: StagedImages, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    images.go_on.clear()
    interrupts = Interrupts()
    running = asyncio.create_task(run_job(container, job_id, interrupts))
    await images.reached.wait()
    interrupts.stop.set()
    assert await running == 0.0
    job = await read_job(container, job_id)
    assert (job.status, job.attempt) == ("queued", 0)


async def test_beaten_worker_leaves_the_winners_job_alone(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    async with stopped_at(container, job_id, 70) as events:
        await let_lease_expire(container, job_id)
        events.at = None
        await run_job(container, job_id)
        won = [asset.storage_path for asset in await read_assets(container, job_id)]
    assert (await read_job(container, job_id)).status == "completed"
    assert [asset.storage_path for asset in await read_assets(container, job_id)] == won
    assert await creations_used(container, alice) == 1


async def test_try_that_takes_too_long_is_aborted_and_repeated(
    container: Container, images: StagedImages, settings: Settings, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    images.go_on.clear()
    async with container_of(settings.model_copy(update={"job_timeout_seconds": 0.2}), images) as hasty:
        assert await run_job(hasty, job_id) is not None
    assert images.aborted == 1
    assert (await read_job(container, job_id)).status == "queued"


async def test_lease_is_renewed_while_the_model_works(
    container: Container, images: StagedImages, settings: Settings, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    images.go_on.clear()
    async with container_of(settings.model_copy(update={"job_lease_seconds": 1.0}), images) as brief:
        running = asyncio.create_task(run_job(brief, job_id))
        await images.reached.wait()
        granted = (await read_job(container, job_id)).lease_until

        async def renewed() -> bool:
            return (await read_job(container, job_id)).lease_until != granted

        await eventually(renewed)
        images.go_on.set()
        await running
    assert (await read_job(container, job_id)).status == "completed"


async def test_logo_is_put_on_the_picture(container: Container, alice: UUID) -> None:
    kit_id = await add_kit_with_logo(container, alice)
    brand = BrandChoice(include_logo=True, logo_position=LogoPosition.TOP_LEFT)
    request = GenerationRequest(asset_type=AssetType.THUMBNAIL, brand_kit_id=kit_id, brand=brand)
    job_id = await request_job(container, alice, request)
    await run_job(container, job_id)
    [asset] = await read_assets(container, job_id)
    stored = await container.resolve(StorageService).get(Bucket.ASSETS, asset.storage_path)
    with Image.open(io.BytesIO(stored)) as picture:
        corners = picture.convert("RGB").getpixel((60, 40)), picture.convert("RGB").getpixel((1200, 700))
    assert corners == ((0, 255, 0), (0x77, 0x33, 0xCC))
    assert asset.details["logo"] is True


async def test_refinement_replays_the_picture_with_its_words(
    container: Container, images: StagedImages, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    await run_job(container, job_id)
    async with opened(container, GenerationService, Caller.user(alice)) as generation:
        refined = (await generation.refine(alice, job_id, "make it blue")).job
    await run_job(container, refined.id)
    request = images.requests[-1]
    assert request.prompt == "make it blue"
    assert [turn.role for turn in request.history] == ["user", "model"]
    assert request.history[1].image is not None
    assert (await read_job(container, refined.id)).status == "completed"


async def test_refinement_of_a_deleted_picture_fails_free_of_charge(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await run_job(container, job_id)
    async with opened(container, GenerationService, Caller.user(alice)) as generation:
        refined = (await generation.refine(alice, job_id, "make it blue")).job
    [asset] = await read_assets(container, job_id)
    async with opened(container, AssetService, Caller.user(alice)) as gallery:
        await gallery.delete(alice, asset.id)
    await run_job(container, refined.id)
    job = await read_job(container, refined.id)
    assert (job.status, job.error_code) == ("failed", "no_image")
