"""A started container whose pictures come from the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from backend.clients import wiring as clients
from backend.context import RequestContext
from backend.db import wiring as database
from backend.db.caller import Caller
from backend.db.repositories.audit_events import AuditRepository
from backend.services.branding import wiring as branding
from backend.services.generation import wiring as generation
from backend.services.generation.images import ImageGenerator
from backend.services.generation.prompt_engine import PromptEngine
from backend.services.generation.quick_create_service import QuickCreateService
from backend.services.generation.template_registry import TemplateRegistry
from backend.services.identity.audit_service import AuditService
from backend.services.storage import wiring as storage
from backend.services.usage import wiring as usage
from backend.settings import Settings
from di import Container
from tests.support.jobs import StagedImages, add_user


@pytest.fixture
def images() -> StagedImages:
    return StagedImages()


@pytest.fixture
async def container(settings: Settings, images: StagedImages) -> AsyncIterator[Container]:
    container = Container()
    container.singleton(Settings, settings)
    for part in (clients, database, storage, usage, branding, generation):
        part.register(container)
    container.scoped(Caller, Caller.anonymous)
    container.scoped(RequestContext, RequestContext)
    container.scoped(AuditRepository)
    container.scoped(AuditService)
    container.singleton(ImageGenerator, images)
    container.singleton(TemplateRegistry, TemplateRegistry.load)
    container.singleton(PromptEngine)
    container.singleton(QuickCreateService)
    async with container:
        yield container


@pytest.fixture
async def alice(container: Container) -> UUID:
    return await add_user(container)
