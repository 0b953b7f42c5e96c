"""Jobs on a test's own servers: a container of everything a job needs, and a generator that tests control."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import TypeVar
from uuid import UUID, uuid4

from PIL import Image
from sqlalchemy import func, insert, select, text, update

from backend.container import build_container
from backend.context import RequestContext
from backend.db.caller import Caller
from backend.db.engine import DatabaseUnavailable
from backend.db.session import DatabaseSession
from backend.db.tables.generation import Asset, GenerationJob, StorageCleanup
from backend.db.tables.identity import Tier, User, UserUsage
from backend.services.branding.brand_kit_data import BrandKitDraft
from backend.services.branding.brand_kit_service import BrandKitService
from backend.services.branding.logo_service import LogoService
from backend.services.branding.vocabulary import LogoType
from backend.services.generation.asset_types import AssetType
from backend.services.generation.generation_plan import GenerationRequest
from backend.services.generation.generation_service import GenerationService
from backend.services.generation.images import GeneratedImage, ImageGenerator, ImageRequest
from backend.services.generation.job_runner import Interrupts, JobRunner
from backend.services.generation.sweeper import Sweeper
from backend.services.units_of_work import UnitsOfWork
from backend.settings import Settings
from di import Container

T = TypeVar("T")


def png(width: int, height: int, color: str = "#7733CC") -> bytes:
    """Draw a plain picture."""
    target = io.BytesIO()
    Image.new("RGB", (width, height), color).save(target, "PNG")
    return target.getvalue()


class StagedImages:
    """Generate plain pictures; wait in the middle when told to, and fail as told."""

    def __init__(self) -> None:
        self.requests: list[ImageRequest] = []
        self.failures: list[Exception] = []
        self.aborted = 0
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def generate(self, request: ImageRequest) -> GeneratedImage:
        """Make one picture, or raise the next failure."""
        self.requests.append(request)
        self.reached.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.aborted += 1
            raise
        if self.failures:
            raise self.failures.pop(0)
        data = png(request.width, request.height)
        return GeneratedImage(data, request.width, request.height, "staged", 7, metadata={"renderer": "staged"})


class FlakyUnits:
    """Lose Postgres for the next few units of work."""

    def __init__(self, real: UnitsOfWork) -> None:
        self._real = real
        self.outages = 0

    @asynccontextmanager
    async def open(self, service: type[T], caller: Caller) -> AsyncIterator[T]:
        """Open a unit of work, or find nobody there."""
        if self.outages:
            self.outages -= 1
            raise DatabaseUnavailable(ConnectionRefusedError())
        async with self._real.open(service, caller) as built:
            yield built


def container_of(settings: Settings, images: ImageGenerator) -> Container:
    """Build the container of the backend, with pictures from the test."""
    container = build_container(settings)
    container.replace(ImageGenerator, images)
    return container


@asynccontextmanager
async def opened(container: Container, service: type[T], caller: Caller) -> AsyncIterator[T]:
    """Open a service in a unit of work of its own."""
    async with container.scope({Caller: caller, RequestContext: RequestContext()}) as scope:
        yield await scope.resolve(service)


async def add_user(container: Container, tier: Tier = Tier.PRO) -> UUID:
    """Insert an account that nobody logs in to."""
    async with opened(container, DatabaseSession, Caller.service()) as session:
        row = insert(User).values(email=f"{uuid4()}@example.com", display_name="Someone", subscription_tier=tier.value)
        return (await session.scalars(row.returning(User.id))).one()


async def set_tier(container: Container, user_id: UUID, tier: Tier) -> None:
    """Move an account to another plan."""
    async with opened(container, DatabaseSession, Caller.service()) as session:
        await session.execute(update(User).where(User.id == user_id).values(subscription_tier=tier.value))


def thumbnail(words: str = "a neon wolf") -> GenerationRequest:
    """Ask for an ordinary picture."""
    return GenerationRequest(asset_type=AssetType.THUMBNAIL, custom_prompt=words)


async def request_job(container: Container, user_id: UUID, request: GenerationRequest | None = None) -> UUID:
    """Create a job as its user would."""
    async with opened(container, GenerationService, Caller.user(user_id)) as generation:
        return (await generation.create_job(user_id, request or thumbnail())).job.id


async def run_job(container: Container, job_id: UUID, interrupts: Interrupts | None = None) -> float | None:
    """Run a job once, as a worker does."""
    async with opened(container, JobRunner, Caller.service()) as runner:
        return await runner.run(job_id, interrupts or Interrupts())


async def read_job(container: Container, job_id: UUID) -> GenerationJob:
    """Read a job as it is now."""
    async with opened(container, DatabaseSession, Caller.service()) as session:
        return (await session.scalars(select(GenerationJob).where(GenerationJob.id == job_id))).one()


async def read_assets(container: Container, job_id: UUID) -> list[Asset]:
    """Read the assets of a job, largest first."""
    async with opened(container, DatabaseSession, Caller.service()) as session:
        rows = await session.scalars(select(Asset).where(Asset.job_id == job_id).order_by(Asset.width.desc()))
        return list(rows)


async def creations_used(container: Container, user_id: UUID) -> int:
    """Count the creations that a user's quota has lost."""
    async with opened(container, DatabaseSession, Caller.service()) as session:
        used = await session.scalar(
            select(func.coalesce(func.sum(UserUsage.creations_used), 0)).where(UserUsage.user_id == user_id)
        )
        return used or 0


async def queue_entries(container: Container) -> list[tuple[str, str]]:
    """List the queue's entries as job id and status."""
    async with opened(container, DatabaseSession, Caller.service()) as session:
        rows = await session.execute(text("SELECT dedupe_key, status::text FROM pgqueuer.pgqueuer ORDER BY id"))
        return [(row[0], row[1]) for row in rows]


async def remove_queue_entries(container: Container) -> None:
    """Lose every entry of the queue."""
    async with opened(container, DatabaseSession, Caller.service()) as session:
        await session.execute(text("DELETE FROM pgqueuer.pgqueuer"))


async def noted_files(container: Container) -> list[str]:
    """List the files that are to be deleted unless something happens."""
    async with opened(container, DatabaseSession, Caller.service()) as session:
        return list(await session.scalars(select(StorageCleanup.storage_path)))


async def let_files_be_due(container: Container) -> None:
    """Let the time of all noted files come, and delete them."""
    async with opened(container, DatabaseSession, Caller.service()) as session:
        await session.execute(update(StorageCleanup).values(due_at=text("now() - interval '1 day'")))
    await delete_due_files(container)


async def delete_due_files(container: Container) -> None:
    """Delete files as a worker does."""
    await container.resolve(Sweeper).delete_files()


async def add_kit(container: Container, user_id: UUID) -> UUID:
    """Make an ordinary brand kit."""
    draft = {"name": "Owl", "primary_colors": ["#112233", "#445566"], "fonts": {"headline": "Oswald", "body": "Inter"}}
    async with opened(container, BrandKitService, Caller.user(user_id)) as kits:
        return (await kits.create(user_id, BrandKitDraft.model_validate(draft))).id


async def add_kit_with_logo(container: Container, user_id: UUID) -> UUID:
    """Make a brand kit with a green logo."""
    kit_id = await add_kit(container, user_id)
    async with opened(container, LogoService, Caller.user(user_id)) as logos:
        await logos.upload(user_id, kit_id, LogoType.PRIMARY, png(200, 200, "#00FF00"))
    return kit_id


async def let_lease_expire(container: Container, job_id: UUID) -> None:
    """Make the worker of a job look silent for long: by its lease, and by its heartbeat in the queue."""
    async with opened(container, DatabaseSession, Caller.service()) as session:
        past = text("now() - interval '1 day'")
        await session.execute(update(GenerationJob).where(GenerationJob.id == job_id).values(lease_until=past))
    await let_entries_be_stale(container)


async def let_entries_be_stale(container: Container) -> None:
    """Make the workers of all entries look silent to the queue."""
    async with opened(container, DatabaseSession, Caller.service()) as session:
        await session.execute(text("UPDATE pgqueuer.pgqueuer SET heartbeat = now() - interval '1 day'"))


async def eventually(check: Callable[[], Awaitable[T]], *, seconds: float = 20.0) -> T:
    """Ask again and again until the answer is true; raise `TimeoutError` after a while."""
    ends_at = monotonic() + seconds
    while not (answer := await check()):
        if monotonic() > ends_at:
            raise TimeoutError
        await asyncio.sleep(0.02)
    return answer
