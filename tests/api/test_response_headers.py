"""What every answer carries: an id, security headers, CORS, compression."""

from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from backend.api.main import create_app
from backend.settings import Environment, Settings
from di import Container


@pytest.fixture
def app(own_app: FastAPI) -> FastAPI:
    """Use an application of this test's own: routes are added to it."""
    return own_app


ORIGIN = "http://localhost:3000"


async def test_given_request_id_is_echoed(client: httpx.AsyncClient) -> None:
    response = await client.get("/health/live", headers={"X-Request-ID": "abc-123_x.y"})
    assert response.headers["X-Request-ID"] == "abc-123_x.y"


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "newline%0a", "<script>"])
async def test_request_id_that_is_no_plain_word_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/health/live", headers={"X-Request-ID": given})
    assert UUID(response.headers["X-Request-ID"]).version == 4


@pytest.mark.parametrize("path", ["/health/live", "/nowhere", "/docs"])
@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ],
)
async def test_every_answer_has_security_headers(client: httpx.AsyncClient, path: str, header: str, value: str) -> None:
    assert (await client.get(path)).headers[header] == value


async def test_policy_of_the_api_allows_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live")).headers["Content-Security-Policy"].startswith("default-src 'none';")


async def test_answers_are_not_cached(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live")).headers["Cache-Control"] == "no-store"


async def test_https_is_demanded_in_production_only(client: httpx.AsyncClient) -> None:
    assert "Strict-Transport-Security" not in (await client.get("/health/live")).headers


async def test_https_is_demanded_in_production(settings: Settings, container: Container) -> None:
    app = create_app(settings.model_copy(update={"environment": Environment.PRODUCTION}), container)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
        response = await client.get("/health/live")
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


async def test_listed_origin_may_call_with_cookies(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/health/live", headers={"Origin": ORIGIN})).headers
    assert (headers["Access-Control-Allow-Origin"], headers["Access-Control-Allow-Credentials"]) == (ORIGIN, "true")


async def test_other_origin_may_not_read(client: httpx.AsyncClient) -> None:
    response = await client.get("/health/live", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_browser_may_read_an_unforeseen_failure(app: FastAPI, client: httpx.AsyncClient) -> None:
    async def fail() -> None:
        raise RuntimeError

    app.add_api_route("/api/v1/fail", fail)
    response = await client.get("/api/v1/fail", headers={"Origin": ORIGIN})
    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (500, ORIGIN)


async def test_preflight_allows_the_headers_the_api_reads(client: httpx.AsyncClient) -> None:
    asked = "authorization,content-type,idempotency-key,x-csrf-token"
    response = await client.options(
        "/api/v1/brand-kits",
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": asked,
        },
    )
    assert response.status_code == 200


async def test_long_answer_is_compressed(client: httpx.AsyncClient) -> None:
    response = await client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
