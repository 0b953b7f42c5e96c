"""A container of either kind, and an application that knows nothing of it."""

from collections.abc import Callable

import lagom
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from di import Container
from tests.middleware.drop_in.services import Connection


@pytest.fixture(params=[lagom.Container, Container], ids=["lagom", "ours"])
def container(request: pytest.FixtureRequest) -> lagom.Container:
    make: Callable[[], lagom.Container] = request.param
    return make()


@pytest.fixture
def app() -> FastAPI:
    return FastAPI()


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


@pytest.fixture
def opened() -> list[Connection]:
    return []
