"""What several modules of these tests start from."""

import pytest

from tests.di.gates import Gate


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def log() -> list[str]:
    """What happened, in order."""
    return []
