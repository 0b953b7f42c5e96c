"""A started container whose pictures come from the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from backend.settings import Settings
from di import Container
from tests.support.jobs import StagedImages, add_user, container_of


@pytest.fixture
def images() -> StagedImages:
    return StagedImages()


@pytest.fixture
async def container(settings: Settings, images: StagedImages) -> AsyncIterator[Container]:
    async with container_of(settings, images) as container:
        yield container


@pytest.fixture
async def alice(container: Container) -> UUID:
    return await add_user(container)
