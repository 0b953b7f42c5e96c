"""The one shape of every failure, and the one place that makes it."""

import logging
import re
from collections import defaultdict
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from backend.clients.redis import UNREACHABLE
from backend.errors import DomainError, Unavailable

Responses = dict[int | str, dict[str, Any]]


class ErrorBody(BaseModel):
    """Say what went wrong, for programs (`code`, `details`) and for people (`message`)."""

    code: str = Field(examples=["RESOURCE_NOT_FOUND"])
    message: str = Field(examples=["Brand kit not found."])
    details: dict[str, Any] = Field(default_factory=dict)


class ErrorEnvelope(BaseModel):
    """Carry a failure; `request_id` finds it in the logs."""

    error: ErrorBody
    request_id: str


class InternalError(DomainError):
    """Say nothing about a failure that nobody foresaw; the log has it."""

    code = "INTERNAL_ERROR"
    status = 500

    def __init__(self) -> None:
        super().__init__("Something went wrong on our side.")


class InvalidRequest(DomainError):
    """Say which parts of a request were refused."""

    code = "VALIDATION_FAILED"
    status = 422

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("The request is not valid.", details={"errors": errors})


class HttpFailure(DomainError):
    """Say what HTTP itself refused: an unknown path, a wrong method, a body too large."""

    def __init__(self, error: HTTPException) -> None:
        super().__init__(str(error.detail), headers=error.headers)
        self.http_status = error.status_code
        self.http_code = _HTTP_CODES.get(error.status_code) or HTTPStatus(error.status_code).name


_HTTP_CODES: Final = {401: "AUTH_REQUIRED", 403: "AUTHORIZATION_ERROR", 404: "NOT_FOUND", 413: "BODY_TOO_LARGE"}
_TRY_AGAIN: Final = frozenset({"40001", "40P01", "55P03", "57014", "53300"})
"""SQLSTATEs of statements that met others at a bad moment: conflict, deadlock, lock or time limit, connections."""


def install_error_handlers(app: FastAPI) -> None:
    """Answer every failure inside the application with the envelope."""
    for error in (DomainError, HTTPException, RequestValidationError):
        app.add_exception_handler(error, answer_failure)


async def answer_failure(request: Request, error: Exception) -> Response:
    """Make the response for any exception; what is our fault goes to the log as well."""
    failure = as_domain_error(error)
    status, code = _status_and_code(failure)
    if status >= 500:
        _log(failure, error, status)
    request.scope.setdefault("state", {})["error_code"] = code
    body = {
        "error": {"code": code, "message": failure.message, "details": jsonable_encoder(failure.details)},
        "request_id": request.scope["state"].get("request_id", ""),
    }
    response = JSONResponse(body, status_code=status)
    MutableHeaders(raw=response.raw_headers).update(failure.headers)
    return response


def as_domain_error(error: Exception) -> DomainError:
    """Say what an exception means for the caller."""
    match error:
        case DomainError():
            return error
        case RequestValidationError():
            return InvalidRequest([_describe(problem) for problem in error.errors()])
        case HTTPException():
            return HttpFailure(error)
        case ClientDisconnect():
            return HttpFailure(HTTPException(400, "The client went away before its request was read."))
        case PoolTimeout():
            return Unavailable("PostgreSQL", message="Too many requests wait for the database.")
        case DBAPIError() if getattr(error.orig, "sqlstate", None) in _TRY_AGAIN:
            return Unavailable("PostgreSQL", message="The database is busy. Try again.", retry_after=1)
        case TimeoutError():
            return Unavailable("A part of the server", message="This took too long. Try again.")
        case _ if isinstance(error, UNREACHABLE):
            return Unavailable("Redis")
        case _:
            return InternalError()


def responses(*failures: type[DomainError] | int) -> Responses:
    """Document the failures of a route: domain errors, or bare statuses for what HTTP refuses."""
    by_status: defaultdict[int, list[type[DomainError] | int]] = defaultdict(list)
    for failure in failures:
        by_status[failure if isinstance(failure, int) else failure.status].append(failure)
    return {status: _document(status, found) for status, found in sorted(by_status.items())}


def _document(status: int, failures: list[type[DomainError] | int]) -> dict[str, Any]:
    examples: dict[str, Any] = {}
    for failure in failures:
        if isinstance(failure, int):
            code, summary = _HTTP_CODES.get(status) or HTTPStatus(status).name, HTTPStatus(status).phrase
        else:
            code, summary = failure.code, _first_sentence(failure)
        error = {"code": code, "message": summary, "details": {}}
        examples[code] = {"summary": summary, "value": {"error": error, "request_id": "3f0e..."}}
    return {
        "model": ErrorEnvelope,
        "description": " or ".join(f"`{code}`" for code in examples),
        "content": {"application/json": {"examples": examples}},
    }


def _first_sentence(failure: type[DomainError]) -> str:
    text = re.split(r"(?<=\.)\s", (failure.__doc__ or failure.code).strip(), maxsplit=1)[0]
    return re.sub(r"^Say (?:that|which|how|what) ", "", text).rstrip(".")


def _status_and_code(failure: DomainError) -> tuple[int, str]:
    if isinstance(failure, HttpFailure):
        return failure.http_status, failure.http_code
    return failure.status, failure.code


def _describe(problem: Any) -> dict[str, str]:
    where = [str(part) for part in problem["loc"]]
    if problem["type"] == "json_invalid":  # the rest of its place is an offset in the text
        where = where[:1]
    return {"field": ".".join(where[1:] or where), "message": str(problem["msg"]), "type": str(problem["type"])}


def _log(failure: DomainError, error: Exception, status: int) -> None:
    log = logging.getLogger(__name__)
    if isinstance(failure, InternalError):
        log.error("unhandled_error", exc_info=error)
    else:
        log.warning("request_failed", extra={"status": status, "cause": getattr(failure, "cause", None) or str(error)})
