"""Complete the OpenAPI document with what every route has in common."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from backend.api.errors import ErrorEnvelope

DESCRIPTION: Final = """\
Accounts, brand kits and generated images for people who stream.

Every failure has the same shape: `{"error": {"code", "message", "details"}, "request_id"}`. To try routes out here,
create an account with `POST /api/v1/auth/signup`, then log in with **Authorize**.
"""
TAGS: Final = [
    {"name": "auth", "description": "Accounts, sessions, passwords and e-mail verification."},
    {"name": "oauth", "description": "Sign-in with Google, Twitch and Discord."},
    {"name": "usage", "description": "What an account may still do this month."},
    {"name": "brand kits", "description": "Colours, fonts, voice and everything else a brand looks like."},
    {"name": "logos", "description": "The pictures of a brand kit."},
    {"name": "generation", "description": "Jobs that make images, and their progress."},
    {"name": "assets", "description": "Finished images."},
    {"name": "templates", "description": "What can be generated, and with which vibes."},
    {"name": "files", "description": "Stored files, by signed address."},
    {"name": "analytics", "description": "Events and what became of them."},
    {"name": "operations", "description": "Health and metrics."},
]
_ENVELOPE: Final = {"$ref": "#/components/schemas/ErrorEnvelope"}
_COMMON: Final = {
    "429": "`API_RATE_LIMIT_EXCEEDED`: too many requests; `Retry-After` says how long to wait",
    "503": "`SERVICE_UNAVAILABLE`: a part this request needs does not answer right now",
}
_WITH_BODY: Final = {
    "400": "`BAD_REQUEST`: the body cannot be read",
    "413": "`BODY_TOO_LARGE`: the body is larger than allowed",
}
_WRITES: Final = {"403": "`CSRF_TOKEN_MISSING` or `CSRF_TOKEN_INVALID`: for requests that are authenticated by cookie"}
_INVALID: Final = "`VALIDATION_FAILED`: `details.errors` lists each `{field, message, type}`"


def operation_id(route: APIRoute) -> str:
    """Name an operation by its tag and function, for generated clients."""
    tag = str(route.tags[0]).replace(" ", "_") if route.tags else "api"
    return f"{tag}_{route.name}"


def install_openapi(app: FastAPI) -> None:
    """Let the application describe the failures that middleware and FastAPI answer on any route."""
    generate = app.openapi

    def complete() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "ErrorEnvelope" not in schemas:
            envelope = ErrorEnvelope.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(envelope.pop("$defs", {}), ErrorEnvelope=envelope)
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _complete(path, method, operation)
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        return document

    app.openapi = complete  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    answers: dict[str, Any] = operation["responses"]
    for status, description in _common_failures(path, method, operation).items():
        if status in answers:
            answers[status]["description"] += f" or {description}"
        else:
            answers[status] = {"description": description}
    if "HTTPValidationError" in str(answers.get("422")):
        answers["422"] = {"description": _INVALID}
    for status, answer in answers.items():
        if status >= "400":
            # Whatever media type the route answers with, its failures are the envelope in JSON.
            written = answer.get("content", {}).get("application/json", {})
            answer["content"] = {"application/json": written | {"schema": _ENVELOPE}}
    if "security" in operation and "401" not in answers:
        operation["security"].append({})  # who sends no credentials is served as well


def _common_failures(path: str, method: str, operation: dict[str, Any]) -> dict[str, str]:
    common = dict(_COMMON) if path.startswith("/api/") else {}
    if "requestBody" in operation:
        common |= _WITH_BODY
    if "security" in operation and method != "get":
        common |= _WRITES
    return common
