import asyncio

from fastapi.testclient import TestClient
from plain_calls.routes import app, price


def test_handler_is_called_by_another_one():
    assert TestClient(app).get("/two/abc").json() == [3, 3]


def test_handler_is_called_by_a_test():
    assert asyncio.run(price("abcd")) == 4
