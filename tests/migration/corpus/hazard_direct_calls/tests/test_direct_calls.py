"""Tests that call handlers as plain functions."""

import asyncio
from unittest.mock import Mock, patch

import pytest
from direct_calls.routes import app, depot, handed_on, stock
from fastapi.testclient import TestClient


def test_plain():
    assert asyncio.run(stock("abc")) == 3
    assert asyncio.run(stock("abc", factor=2)) == 6
    assert asyncio.run(
        stock(
            "abc",
            2,  # the factor
        )
    ) == 6


def test_patched_where_it_is_used():
    with patch("direct_calls.routes.get_stock", return_value=Mock(of=lambda item: 40)):
        assert asyncio.run(stock("abc")) == 40
        assert TestClient(app).get("/stock/abc").json() == 40


def test_awaited():
    async def ask():
        return await depot("xyz")

    assert asyncio.run(ask())


@pytest.mark.parametrize("handler", [handed_on])
def test_handed_on(handler):
    assert asyncio.run(handler()) == 3


def test_served():
    client = TestClient(app)
    assert [client.get(path).json() for path in ("/stock/ab", "/depot/x", "/handed-on")] == [2, True, 3]
