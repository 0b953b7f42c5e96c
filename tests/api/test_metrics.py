"""Metrics count requests by route, and show nothing that has no end."""

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from backend.api.main import create_app
from backend.settings import Settings
from di import Container


@pytest.fixture
def app(own_app: FastAPI) -> FastAPI:
    """Use an application of this test's own: it is changed or counted here."""
    return own_app


async def count(client: httpx.AsyncClient, **labels: str) -> float:
    families = text_string_to_metric_families((await client.get("/metrics")).text)
    samples = [sample for family in families for sample in family.samples if sample.name == "http_requests_total"]
    return sum(sample.value for sample in samples if sample.labels.items() >= labels.items())


async def test_requests_are_counted_by_route_template(client: httpx.AsyncClient) -> None:
    for kit in ("a", "b", "c"):
        await client.get(f"/api/v1/brand-kits/{kit}")
    counted = await count(client, method="GET", status="401") + await count(client, method="GET", status="422")
    assert counted == 3
    assert "/api/v1/brand-kits/{" in (await client.get("/metrics")).text


async def test_unknown_paths_share_one_label(client: httpx.AsyncClient) -> None:
    for path in ("/a", "/b"):
        await client.get(path)
    assert await count(client, route="(no route)", status="404") == 2


async def test_unknown_methods_share_one_label(client: httpx.AsyncClient) -> None:
    for method in ("BREW", "WHEN"):
        await client.request(method, "/health/live")
    assert await count(client, method="OTHER") == 2


async def test_metrics_show_the_process(client: httpx.AsyncClient) -> None:
    assert "process_resident_memory_bytes" in (await client.get("/metrics")).text


@pytest.mark.parametrize(
    ("authorization", "status"), [("", 401), ("Bearer wrong", 401), ("Bearer \xff", 401), ("Bearer right", 200)]
)
async def test_token_of_the_settings_is_demanded(
    settings: Settings, container: Container, authorization: str, status: int
) -> None:
    app = create_app(settings.model_copy(update={"metrics_token": SecretStr("right")}), container)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
        response = await client.get("/metrics", headers={b"Authorization": authorization.encode("latin-1")})
    assert response.status_code == status
