"""A started container whose pictures come from the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from backend.container import build_container
from backend.services.generation.images import ImageGenerator
from backend.services.generation.job_runner import JobRunner
from backend.settings import Settings
from di import Container
from tests.support.jobs import StagedImages, add_user


@pytest.fixture
def images() -> StagedImages:
    return StagedImages()


@pytest.fixture
async def container(settings: Settings, images: StagedImages) -> AsyncIterator[Container]:
    container = build_container(settings)
    container.singleton(ImageGenerator, images)
    container.scoped(JobRunner)
    async with container:
        yield container


@pytest.fixture
async def alice(container: Container) -> UUID:
    return await add_user(container)
