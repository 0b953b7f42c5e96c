"""Every failure has one shape, whatever raised it and wherever."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, File, HTTPException, UploadFile
from pydantic import Field
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.responses import StreamingResponse

from backend.api.schemas.base import ApiModel
from backend.db.caller import Caller
from backend.errors import Forbidden, NotFound, RateLimited, Unavailable
from tests.conftest import SessionAs


@pytest.fixture
def app(own_app: FastAPI) -> FastAPI:
    """Use an application of this test's own: routes are added to it."""
    return own_app


class Body(ApiModel):
    name: str
    nested: dict[str, Any] = Field(default_factory=dict)


def failing_routes(session_as: SessionAs) -> APIRouter:
    router = APIRouter(prefix="/api/v1/test")
    failures: dict[str, Exception] = {
        "not-found": NotFound("brand_kit", "17"),
        "forbidden": Forbidden(),
        "rate-limited": RateLimited(7),
        "unavailable": Unavailable("Gemini"),
        "http": HTTPException(418, "short and stout", headers={"WWW-Authenticate": "Tea"}),
        "pool": PoolTimeout(),
        "timeout": TimeoutError(),
        "redis": RedisConnectionError("refused"),
        "unforeseen": RuntimeError("the secret of the house"),
    }

    @router.get("/fail/{name}")
    async def fail(name: str) -> None:
        raise failures[name]

    @router.get("/cancelled-statement")
    async def cancelled_statement() -> None:
        async with session_as(Caller.anonymous()) as session:
            await session.execute(text("SET LOCAL statement_timeout = 1"))
            await session.execute(text("SELECT pg_sleep(5)"))

    @router.post("/body")
    async def body(body: Body) -> Body:
        return body

    @router.post("/upload", max_body_size=3_000_000)
    async def upload(file: Annotated[UploadFile, File()]) -> int:
        return len(await file.read())

    @router.get("/numbers/{number}")
    async def number(number: int, limit: int = 1) -> int:
        return number * limit

    @router.get("/breaks-while-streaming")
    async def breaks_while_streaming() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"first"
            raise RuntimeError

        return StreamingResponse(chunks())

    return router


@pytest.fixture
def client(app: FastAPI, client: httpx.AsyncClient, session_as: SessionAs) -> httpx.AsyncClient:
    app.include_router(failing_routes(session_as))
    return client


def assert_envelope(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    body = response.json()
    assert (response.status_code, body["error"]["code"]) == (status, code)
    assert body["request_id"] == response.headers["X-Request-ID"]
    assert set(body) == {"error", "request_id"}
    assert set(body["error"]) == {"code", "message", "details"}
    error: dict[str, Any] = body["error"]
    return error


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("not-found", 404, "RESOURCE_NOT_FOUND"),
        ("forbidden", 403, "AUTHORIZATION_ERROR"),
        ("rate-limited", 429, "RATE_LIMIT_EXCEEDED"),
        ("unavailable", 503, "SERVICE_UNAVAILABLE"),
        ("http", 418, "IM_A_TEAPOT"),
        ("pool", 503, "SERVICE_UNAVAILABLE"),
        ("timeout", 503, "SERVICE_UNAVAILABLE"),
        ("redis", 503, "SERVICE_UNAVAILABLE"),
        ("unforeseen", 500, "INTERNAL_ERROR"),
    ],
)
async def test_exception_of_a_route_becomes_an_envelope(
    client: httpx.AsyncClient, name: str, status: int, code: str
) -> None:
    assert_envelope(await client.get(f"/api/v1/test/fail/{name}"), status, code)


async def test_statement_that_took_too_long_is_a_503(client: httpx.AsyncClient) -> None:
    assert_envelope(await client.get("/api/v1/test/cancelled-statement"), 503, "SERVICE_UNAVAILABLE")


async def test_unforeseen_failure_does_not_tell_its_text(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/test/fail/unforeseen")
    assert "secret" not in response.text


async def test_unforeseen_failure_is_logged_with_its_traceback(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await client.get("/api/v1/test/fail/unforeseen")
    [record] = [record for record in caplog.records if record.message == "unhandled_error"]
    assert record.exc_info is not None
    assert "the secret of the house" in str(record.exc_info[1])


async def test_details_name_the_resource(client: httpx.AsyncClient) -> None:
    error = assert_envelope(await client.get("/api/v1/test/fail/not-found"), 404, "RESOURCE_NOT_FOUND")
    assert error["details"] == {"resource_type": "brand_kit", "resource_id": "17"}


@pytest.mark.parametrize(
    ("name", "header", "value"), [("rate-limited", "Retry-After", "7"), ("http", "WWW-Authenticate", "Tea")]
)
async def test_headers_of_a_failure_are_kept(client: httpx.AsyncClient, name: str, header: str, value: str) -> None:
    assert (await client.get(f"/api/v1/test/fail/{name}")).headers[header] == value


async def test_unknown_path_is_an_envelope(client: httpx.AsyncClient) -> None:
    assert_envelope(await client.get("/nowhere"), 404, "NOT_FOUND")


async def test_trailing_slash_is_an_unknown_path_not_a_redirect(client: httpx.AsyncClient) -> None:
    assert_envelope(await client.get("/health/live/"), 404, "NOT_FOUND")


async def test_wrong_method_is_an_envelope_that_names_the_right_ones(client: httpx.AsyncClient) -> None:
    response = await client.post("/health/live")
    assert_envelope(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    ("path", "field", "kind"),
    [("/api/v1/test/numbers/x", "number", "int_parsing"), ("/api/v1/test/numbers/1?limit=x", "limit", "int_parsing")],
)
async def test_wrong_parameter_is_listed(client: httpx.AsyncClient, path: str, field: str, kind: str) -> None:
    error = assert_envelope(await client.get(path), 422, "VALIDATION_FAILED")
    [problem] = error["details"]["errors"]
    assert (problem["field"], problem["type"]) == (field, kind)
    assert problem["message"]


@pytest.mark.parametrize(
    ("content", "field", "kind"),
    [
        (b"{}", "name", "missing"),
        (b'{"name": "a", "surprise": 1}', "surprise", "extra_forbidden"),
        (b"{", "body", "json_invalid"),
        (b"[]", "body", "model_attributes_type"),
        (b'{"name": "a\\u0000b"}', "body", "text_characters"),
        (b'{"name": "\\ud800"}', "body", "text_characters"),
        (b'{"name": "a", "nested": {"deep": [{"x\\u0000": 1}]}}', "body", "text_characters"),
    ],
)
async def test_wrong_body_is_listed(client: httpx.AsyncClient, content: bytes, field: str, kind: str) -> None:
    response = await client.post("/api/v1/test/body", content=content, headers={"Content-Type": "application/json"})
    error = assert_envelope(response, 422, "VALIDATION_FAILED")
    assert [(problem["field"], problem["type"]) for problem in error["details"]["errors"]] == [(field, kind)]


async def test_body_that_is_not_text_is_a_client_error(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/api/v1/test/body", content=b'{"name": "\xff"}', headers={"Content-Type": "application/json"}
    )
    assert_envelope(response, 400, "BAD_REQUEST")


@pytest.mark.parametrize(("path", "field"), [("/api/v1/test/%00", "path"), ("/api/v1/test/numbers/1?a=%00", "query")])
async def test_nul_in_an_address_is_refused(client: httpx.AsyncClient, path: str, field: str) -> None:
    error = assert_envelope(await client.get(path), 422, "VALIDATION_FAILED")
    assert error["details"]["errors"][0]["field"] == field


async def test_large_body_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/api/v1/test/body", content=b" " * 2_000_000, headers={"Content-Type": "application/json"}
    )
    assert_envelope(response, 413, "BODY_TOO_LARGE")


async def test_large_body_of_unknown_length_is_refused(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    response = await client.post("/api/v1/test/body", content=chunks(), headers={"Content-Type": "application/json"})
    assert_envelope(response, 413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(("size", "status"), [(2_000_000, 200), (4_000_000, 413)])
async def test_upload_route_has_a_limit_of_its_own(client: httpx.AsyncClient, size: int, status: int) -> None:
    response = await client.post("/api/v1/test/upload", files={"file": b"x" * size})
    assert response.status_code == status


async def test_failure_after_the_first_byte_breaks_the_connection_off(client: httpx.AsyncClient) -> None:
    with pytest.raises(RuntimeError):
        await client.get("/api/v1/test/breaks-while-streaming")


async def test_refused_preflight_is_an_envelope(client: httpx.AsyncClient) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    assert_envelope(await client.options("/health/live", headers=headers), 400, "BAD_REQUEST")
