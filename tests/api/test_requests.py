"""A request knows where it came from, and leaves one line in the log."""

import logging
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI

from backend.api.deps import deps
from backend.api.main import create_app
from backend.context import RequestContext
from backend.settings import Settings


@pytest.fixture
def app(own_app: FastAPI) -> FastAPI:
    """Use an application of this test's own: it is changed or counted here."""
    return own_app


def add_context_route(app: FastAPI) -> None:
    async def read_context(
        context: Annotated[RequestContext, deps.depends(RequestContext)],
    ) -> dict[str, str | None]:
        return {"ip": context.ip, "user_agent": context.user_agent, "request_id": context.request_id}

    app.add_api_route("/context", read_context)


async def test_services_learn_where_a_request_came_from(app: FastAPI, client: httpx.AsyncClient) -> None:
    add_context_route(app)
    response = await client.get("/context", headers={"User-Agent": "Mosaic/0.9", "X-Request-ID": "abc"})
    assert response.json() == {"ip": "127.0.0.1", "user_agent": "Mosaic/0.9", "request_id": "abc"}


async def test_endless_user_agent_is_cut(app: FastAPI, client: httpx.AsyncClient) -> None:
    add_context_route(app)
    response = await client.get("/context", headers={"User-Agent": "x" * 5000})
    assert len(response.json()["user_agent"]) == 512


@pytest.mark.parametrize(("trusted", "expected"), [((), "10.0.0.1"), (("10.0.0.0/8",), "6.6.6.6")])
async def test_forwarded_address_is_believed_from_trusted_proxies_only(
    settings: Settings, trusted: tuple[str, ...], expected: str
) -> None:
    app = create_app(settings.model_copy(update={"trusted_proxies": trusted}))
    add_context_route(app)
    transport = httpx.ASGITransport(app, client=("10.0.0.1", 1))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://testserver") as client,
    ):
        response = await client.get("/context", headers={"X-Forwarded-For": "6.6.6.6"})
    assert response.json()["ip"] == expected


def access_lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "backend.access"]


async def test_request_leaves_one_line(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "backend.access"):
        await client.get("/nowhere?secret=1")
    [line] = access_lines(caplog)
    facts = {name: line.__dict__[name] for name in ("method", "path", "status", "error_code")}
    assert facts == {"method": "GET", "path": "/nowhere", "status": 404, "error_code": "NOT_FOUND"}


@pytest.mark.parametrize("path", ["/health/live", "/metrics"])
async def test_probes_leave_no_line(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, path: str) -> None:
    with caplog.at_level(logging.INFO, "backend.access"):
        await client.get(path)
    assert access_lines(caplog) == []
