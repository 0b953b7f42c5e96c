"""Register what plans, makes and watches pictures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, TypeVar

from backend.clients.gemini import GeminiClient, GeminiOptions
from backend.clients.http import HttpClient
from backend.context import RequestContext
from backend.db.caller import Caller
from backend.db.repositories.assets import AssetRepository
from backend.db.repositories.generation_jobs import GenerationJobRepository
from backend.db.repositories.job_queue import JobQueue
from backend.db.repositories.storage_cleanups import StorageCleanupRepository
from backend.services.branding.image_threads import ImageThreads
from backend.services.generation.asset_service import AssetService
from backend.services.generation.canvas_snapshots import CanvasSnapshots
from backend.services.generation.drawing.typefaces import FontLibrary
from backend.services.generation.generation_plan import GenerationPlanner
from backend.services.generation.generation_service import GenerationService
from backend.services.generation.images import ImageGenerator
from backend.services.generation.job_events import JobEventHub, JobEvents, open_job_event_hub
from backend.services.generation.job_lifecycle import JobLifecycle
from backend.services.generation.job_runner import JobRunner
from backend.services.generation.job_stream import JobStream
from backend.services.generation.local_renderer import LocalRenderer
from backend.services.generation.nano_banana_client import NanoBananaClient
from backend.services.generation.picture_finisher import PictureFinisher
from backend.services.generation.placement import PlacementFormatter
from backend.services.generation.prompt_engine import PromptEngine
from backend.services.generation.quick_create_service import QuickCreateService
from backend.services.generation.sweeper import FileSweeper, Sweeper
from backend.services.generation.template_registry import TemplateRegistry
from backend.services.units_of_work import UnitsOfWork
from backend.settings import Settings
from di import Container

T = TypeVar("T")

_SHARE_OF_A_TRY: Final = 0.75
"""How much of a job's time its picture may take; the rest is for logo, sizes and storage."""


def register(container: Container) -> None:
    """Register everything of this package."""
    _register_prompts(container)
    _register_jobs(container)


def _register_prompts(container: Container) -> None:
    container.singleton(TemplateRegistry, _load_templates)
    container.singleton(PromptEngine)
    container.singleton(QuickCreateService)
    container.singleton(ImageGenerator, _open_image_generator)


async def _load_templates() -> TemplateRegistry:
    return await asyncio.to_thread(TemplateRegistry.load)


async def _open_image_generator(settings: Settings, http: HttpClient, threads: ImageThreads) -> ImageGenerator:
    """Use Gemini where there is a key, and draw on this machine where there is none."""
    if settings.google_api_key is None:
        return LocalRenderer(await asyncio.to_thread(FontLibrary.load), threads)
    options = GeminiOptions(
        api_key=settings.google_api_key,
        base_url=str(settings.gemini_base_url),
        attempt_timeout=settings.gemini_timeout,
        total_budget=_SHARE_OF_A_TRY * settings.job_timeout_seconds,
    )
    return NanoBananaClient(GeminiClient(http, options), threads, PlacementFormatter(), settings.gemini_image_model)


def _register_jobs(container: Container) -> None:
    for scoped in (
        GenerationJobRepository,
        AssetRepository,
        StorageCleanupRepository,
        JobQueue,
        JobLifecycle,
        GenerationService,
        AssetService,
        CanvasSnapshots,
        FileSweeper,
        JobRunner,
    ):
        container.scoped(scoped)
    container.singleton(UnitsOfWork, lambda: ScopedUnits(container))
    container.singleton(GenerationPlanner)
    container.singleton(PictureFinisher)
    container.singleton(JobEvents)
    container.singleton(JobEventHub, open_job_event_hub)
    container.singleton(JobStream)
    container.singleton(Sweeper)


class ScopedUnits:
    """Open each unit of work as a scope of the container."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def open(self, service: type[T], caller: Caller) -> AbstractAsyncContextManager[T]:
        """Build a scoped service for a caller, with a session and everything else it needs."""
        return self._open(service, caller)

    @asynccontextmanager
    async def _open(self, service: type[T], caller: Caller) -> AsyncIterator[T]:
        async with self._container.scope({Caller: caller, RequestContext: RequestContext()}) as scope:
            yield await scope.resolve(service)
