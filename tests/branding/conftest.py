"""Two people who do not know each other."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from di import Container
from tests.support.people import Person, logged_in


@pytest.fixture
async def ann(app: FastAPI, container: Container) -> AsyncIterator[Person]:
    """Log somebody in."""
    async with logged_in(app, container) as person:
        yield person


@pytest.fixture
async def ben(app: FastAPI, container: Container) -> AsyncIterator[Person]:
    """Log somebody else in."""
    async with logged_in(app, container) as person:
        yield person
