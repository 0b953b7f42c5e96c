"""Register what plans, makes and watches pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from backend.context import RequestContext
from backend.db.caller import Caller
from backend.db.repositories.assets import AssetRepository
from backend.db.repositories.generation_jobs import GenerationJobRepository
from backend.db.repositories.job_queue import JobQueue
from backend.db.repositories.storage_cleanups import StorageCleanupRepository
from backend.services.generation.asset_service import AssetService
from backend.services.generation.generation_plan import GenerationPlanner
from backend.services.generation.generation_service import GenerationService
from backend.services.generation.job_events import JobEventHub, JobEvents, open_job_event_hub
from backend.services.generation.job_lifecycle import JobLifecycle
from backend.services.generation.job_stream import JobStream
from backend.services.generation.picture_finisher import PictureFinisher
from backend.services.generation.prompt_engine import PromptEngine
from backend.services.generation.quick_create_service import QuickCreateService
from backend.services.generation.sweeper import FileSweeper, Sweeper
from backend.services.generation.template_registry import TemplateRegistry
from backend.services.units_of_work import UnitsOfWork
from di import Container

T = TypeVar("T")


def register(container: Container) -> None:
    """Register everything of this package."""
    _register_prompts(container)
    _register_jobs(container)


def _register_prompts(container: Container) -> None:
    container.singleton(TemplateRegistry, TemplateRegistry.load)
    container.singleton(PromptEngine)
    container.singleton(QuickCreateService)


def _register_jobs(container: Container) -> None:
    for scoped in (
        GenerationJobRepository,
        AssetRepository,
        StorageCleanupRepository,
        JobQueue,
        JobLifecycle,
        GenerationService,
        AssetService,
        FileSweeper,
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
