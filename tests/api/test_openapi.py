"""The OpenAPI document says everything about every route."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

ENVELOPE = {"$ref": "#/components/schemas/ErrorEnvelope"}
CHANGING = {"post", "put", "patch", "delete"}


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", method, operation


def test_every_operation_has_summary_description_and_a_described_tag(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    poor = [
        name
        for name, _, operation in operations(document)
        if not operation.get("summary") or not operation.get("description") or not set(operation["tags"]) <= tags
    ]
    assert poor == []


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))


def test_every_success_with_a_body_has_a_model(document: dict[str, Any]) -> None:
    bare = [
        f"{name} {status}"
        for name, _, operation in operations(document)
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        and not name.startswith("HEAD")
        and status != "204"
        and not all(content.keys() & {"schema", "itemSchema"} for content in answer.get("content", {"": {}}).values())
    ]
    assert bare == []


def test_every_failure_is_an_envelope(document: dict[str, Any]) -> None:
    other = [
        f"{name} {status}"
        for name, _, operation in operations(document)
        for status, answer in operation["responses"].items()
        if status[0] in "45" and answer["content"]["application/json"]["schema"] != ENVELOPE
    ]
    assert other == []


def test_guarded_operations_document_401(document: dict[str, Any]) -> None:
    silent = [
        name
        for name, _, operation in operations(document)
        if "security" in operation and {} not in operation["security"] and "401" not in operation["responses"]
    ]
    assert silent == []


def test_optional_log_in_is_documented_as_optional(document: dict[str, Any]) -> None:
    assert {} in document["paths"]["/api/v1/analytics"]["post"]["security"]


def test_guarded_operations_that_change_something_document_the_csrf_failure(document: dict[str, Any]) -> None:
    silent = [
        name
        for name, method, operation in operations(document)
        if "security" in operation and method in CHANGING and "403" not in operation["responses"]
    ]
    assert silent == []


def test_operations_with_parameters_document_422(document: dict[str, Any]) -> None:
    silent = [
        name
        for name, _, operation in operations(document)
        if (
            "requestBody" in operation
            or any(each["in"] in {"path", "query"} for each in operation.get("parameters", []))
        )
        and "422" not in operation["responses"]
    ]
    assert silent == []


def test_token_url_of_authorize_exists(document: dict[str, Any]) -> None:
    scheme = document["components"]["securitySchemes"]["password"]
    assert scheme["flows"]["password"]["tokenUrl"] in document["paths"]


def test_injection_leaves_no_trace(document: dict[str, Any]) -> None:
    assert not [name for name in document["components"]["schemas"] if "Service" in name or "Repository" in name]


async def test_document_is_served(client: httpx.AsyncClient) -> None:
    response = await client.get("/openapi.json")
    assert response.json()["openapi"].startswith("3.1")
