import asyncio

import httpx
import pytest
from threads import services
from threads.routes import app


@pytest.fixture(autouse=True)
def reset():
    services._slow = None
    services.built.clear()


def test_eight_parallel_first_requests_build_one():
    async def ask():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answers = await asyncio.gather(*(client.get("/slow") for _ in range(8)))
        return [each.json() for each in answers]

    assert asyncio.run(ask()) == [1] * 8
    assert len(services.built) == 1


def test_tag_is_no_query_parameter():
    operation = app.openapi()["paths"]["/slow"]["get"]
    assert operation.get("parameters", []) == []
