"""Requesting, refining and canceling jobs, and what that does to the quota and the queue."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from backend.db.caller import Caller
from backend.db.session import DatabaseSession
from backend.db.tables.generation import GenerationJob
from backend.db.tables.identity import AuditRow, Tier, UsageReservation
from backend.services.branding.brand_kit_service import BrandKitNotFound
from backend.services.generation.asset_types import AssetType
from backend.services.generation.brand_style import ColorSelection, Intensity, VoiceSelection
from backend.services.generation.generation_plan import BrandChoice, GenerationRequest
from backend.services.generation.generation_service import Created, GenerationService
from backend.services.generation.job_errors import (
    BrandKitRequired,
    BrandKitWithoutLogo,
    IdempotencyKeyReused,
    JobNotCancelable,
    JobNotFound,
    JobNotRefinable,
)
from backend.services.generation.job_events import JobEvents
from backend.services.generation.template_errors import TemplateNotFound
from backend.services.generation.vocabulary import JobStatus
from backend.services.usage.errors import LimitExceeded, TierRestricted
from di import Container
from tests.support.jobs import (
    StagedImages,
    add_kit,
    add_user,
    creations_used,
    opened,
    queue_entries,
    read_job,
    request_job,
    run_job,
    thumbnail,
)


async def create(
    container: Container, user_id: UUID, request: GenerationRequest | None = None, key: str | None = None
) -> Created:
    async with opened(container, GenerationService, Caller.user(user_id)) as generation:
        return await generation.create_job(user_id, request or thumbnail(), idempotency_key=key)


async def refine(container: Container, user_id: UUID, job_id: UUID, words: str = "make it blue") -> Created:
    async with opened(container, GenerationService, Caller.user(user_id)) as generation:
        return await generation.refine(user_id, job_id, words)


async def cancel(container: Container, user_id: UUID, job_id: UUID) -> None:
    async with opened(container, GenerationService, Caller.user(user_id)) as generation:
        await generation.cancel(user_id, job_id)


async def completed_job(container: Container, user_id: UUID) -> UUID:
    job_id = await request_job(container, user_id)
    await run_job(container, job_id)
    return job_id


async def count_jobs(container: Container) -> int:
    async with opened(container, DatabaseSession, Caller.service()) as session:
        return await session.scalar(select(func.count()).select_from(GenerationJob)) or 0


async def test_new_job_is_queued_charged_and_announced(container: Container, alice: UUID) -> None:
    job = (await create(container, alice)).job
    assert (job.status, job.progress) == ("queued", 0)
    assert await creations_used(container, alice) == 1
    assert await queue_entries(container) == [(str(job.id), "queued")]


class RequestFailed(Exception):
    pass


async def test_failed_request_leaves_no_job_no_charge_and_no_entry(container: Container, alice: UUID) -> None:
    async def request_that_fails() -> None:
        async with opened(container, GenerationService, Caller.user(alice)) as generation:
            await generation.create_job(alice, thumbnail())
            raise RequestFailed

    with pytest.raises(RequestFailed):
        await request_that_fails()
    assert await count_jobs(container) == 0
    assert await queue_entries(container) == []
    async with opened(container, DatabaseSession, Caller.service()) as session:
        assert await session.scalar(select(func.count()).select_from(UsageReservation)) == 0


async def test_one_more_request_than_the_quota_at_once_is_refused(container: Container) -> None:
    user_id = await add_user(container, Tier.FREE)
    answers = await asyncio.gather(*(create(container, user_id) for _ in range(4)), return_exceptions=True)
    assert [type(answer) for answer in answers if isinstance(answer, BaseException)] == [LimitExceeded]
    assert await count_jobs(container) == 3
    assert await creations_used(container, user_id) == 3


async def test_same_key_and_request_give_the_same_job(container: Container, alice: UUID) -> None:
    first = await create(container, alice, key="k1")
    again = await create(container, alice, key="k1")
    assert (again.job.id, again.replayed) == (first.job.id, True)
    assert await creations_used(container, alice) == 1


async def test_same_key_at_the_same_moment_gives_one_job(container: Container, alice: UUID) -> None:
    answers = await asyncio.gather(*(create(container, alice, key="k1") for _ in range(5)))
    assert len({answer.job.id for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert await creations_used(container, alice) == 1


async def test_same_key_for_another_request_is_refused(container: Container, alice: UUID) -> None:
    await create(container, alice, key="k1")
    with pytest.raises(IdempotencyKeyReused):
        await create(container, alice, thumbnail("something else"), key="k1")


async def test_keys_of_two_users_are_two_keys(container: Container, alice: UUID) -> None:
    bob = await add_user(container)
    assert (await create(container, alice, key="k1")).job.id != (await create(container, bob, key="k1")).job.id


async def test_replay_costs_nothing_when_the_quota_is_spent(container: Container) -> None:
    user_id = await add_user(container, Tier.FREE)
    for number in range(3):
        await create(container, user_id, key=f"k{number}")
    assert (await create(container, user_id, key="k0")).replayed


async def test_every_choice_from_the_kit_reaches_the_job(container: Container, alice: UUID) -> None:
    kit_id = await add_kit(container, alice)
    brand = BrandChoice(
        colors=ColorSelection(primary_index=1), voice=VoiceSelection(use_tagline=True), brand_intensity=Intensity.STRONG
    )
    request = GenerationRequest(asset_type=AssetType.BANNER, brand_kit_id=kit_id, brand=brand)
    job = (await create(container, alice, request)).job
    style = job.parameters["brand"]
    assert (style["primary"], style["intensity"], style["headline_font"]["family"]) == ("#445566", "strong", "Oswald")
    assert "#445566" in job.prompt


async def test_choice_without_a_kit_is_refused(container: Container, alice: UUID) -> None:
    with pytest.raises(BrandKitRequired):
        await create(container, alice, GenerationRequest(asset_type=AssetType.BANNER, brand=BrandChoice()))


async def test_logo_of_a_kit_that_has_none_is_refused(container: Container, alice: UUID) -> None:
    kit_id = await add_kit(container, alice)
    brand = BrandChoice(include_logo=True)
    with pytest.raises(BrandKitWithoutLogo):
        await create(container, alice, GenerationRequest(asset_type=AssetType.BANNER, brand_kit_id=kit_id, brand=brand))


async def test_kit_of_somebody_else_does_not_exist(container: Container, alice: UUID) -> None:
    kit_id = await add_kit(container, await add_user(container))
    with pytest.raises(BrandKitNotFound):
        await create(container, alice, GenerationRequest(asset_type=AssetType.BANNER, brand_kit_id=kit_id))


async def test_unknown_quick_create_template_costs_nothing(container: Container, alice: UUID) -> None:
    with pytest.raises(TemplateNotFound):
        await create(container, alice, thumbnail("__quick_create__:nope:pro"))
    assert await creations_used(container, alice) == 0


async def test_quick_create_token_becomes_texts(container: Container, alice: UUID) -> None:
    token = "__quick_create__:thumbnail:anime | title:LAST STAND"
    job = (await create(container, alice, thumbnail(token))).job
    assert job.parameters["texts"]["title"] == "LAST STAND"
    assert "LAST STAND" in job.prompt


async def test_canceling_a_queued_job_ends_it_free_of_charge(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await cancel(container, alice, job_id)
    assert (await read_job(container, job_id)).status == "canceled"
    assert await creations_used(container, alice) == 0
    assert [event.status for event in await container.resolve(JobEvents).since(job_id, 0)] == ["canceled"]


async def test_canceled_job_is_not_run(container: Container, images: StagedImages, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await cancel(container, alice, job_id)
    assert await run_job(container, job_id) is None
    assert images.requests == []


async def test_ended_job_cannot_be_canceled(container: Container, alice: UUID) -> None:
    job_id = await completed_job(container, alice)
    with pytest.raises(JobNotCancelable):
        await cancel(container, alice, job_id)


async def test_job_of_somebody_else_cannot_be_canceled(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, await add_user(container))
    with pytest.raises(JobNotFound):
        await cancel(container, alice, job_id)


async def test_refinement_is_a_job_of_its_own(container: Container, alice: UUID) -> None:
    job_id = await completed_job(container, alice)
    job = (await refine(container, alice, job_id)).job
    assert (job.parent_job_id, job.prompt, job.status) == (job_id, "make it blue", "queued")


async def test_free_plan_has_no_refinements(container: Container) -> None:
    user_id = await add_user(container, Tier.FREE)
    job_id = await completed_job(container, user_id)
    with pytest.raises(TierRestricted):
        await refine(container, user_id, job_id)


async def test_pro_plan_pays_further_refinements_with_creations(container: Container, alice: UUID) -> None:
    job_id = await completed_job(container, alice)
    for _ in range(6):
        await refine(container, alice, job_id)
    assert await creations_used(container, alice) == 2


async def test_canceled_overflow_refinement_gives_the_creation_back(container: Container, alice: UUID) -> None:
    job_id = await completed_job(container, alice)
    for _ in range(5):
        await refine(container, alice, job_id)
    overflow = (await refine(container, alice, job_id)).job
    await cancel(container, alice, overflow.id)
    assert await creations_used(container, alice) == 1


async def test_unfinished_job_cannot_be_refined(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    with pytest.raises(JobNotRefinable):
        await refine(container, alice, job_id)


async def test_page_counts_all_jobs_that_match(container: Container, alice: UUID) -> None:
    for _ in range(3):
        await request_job(container, alice)
    await cancel(container, alice, await request_job(container, alice))
    async with opened(container, GenerationService, Caller.user(alice)) as generation:
        page = await generation.list_jobs(alice, status=None, limit=2, offset=0)
        canceled = await generation.list_jobs(alice, status=JobStatus.CANCELED, limit=2, offset=0)
    assert (len(page.jobs), page.total, canceled.total) == (2, 4, 1)


async def test_unknown_job_is_not_found(container: Container, alice: UUID) -> None:
    async with opened(container, GenerationService, Caller.user(alice)) as generation:
        with pytest.raises(JobNotFound):
            await generation.get_job(alice, uuid4())


async def test_requests_and_cancellations_are_in_the_audit_trail(container: Container, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    await cancel(container, alice, job_id)
    async with opened(container, DatabaseSession, Caller.service()) as session:
        rows = await session.scalars(select(AuditRow).where(AuditRow.user_id == alice))
        trail = {row.event_type: row.details["job_id"] for row in rows}
    assert trail == {"generation.requested": str(job_id), "generation.canceled": str(job_id)}
