"""Templates, fonts and threads: read once per process, immutable."""

from collections.abc import Iterator

import pytest

from backend.services.branding.image_threads import ImageThreads
from backend.services.generation.drawing.typefaces import FontLibrary
from backend.services.generation.prompt_engine import PromptEngine
from backend.services.generation.quick_create_service import QuickCreateService
from backend.services.generation.template_registry import TemplateRegistry


@pytest.fixture(scope="session")
def templates() -> TemplateRegistry:
    return TemplateRegistry.load()


@pytest.fixture(scope="session")
def fonts() -> FontLibrary:
    return FontLibrary.load()


@pytest.fixture
def prompts(templates: TemplateRegistry) -> PromptEngine:
    return PromptEngine(templates)


@pytest.fixture
def quick_create(templates: TemplateRegistry) -> QuickCreateService:
    return QuickCreateService(templates)


@pytest.fixture
def threads() -> Iterator[ImageThreads]:
    threads = ImageThreads(1)
    yield threads
    threads.close()
