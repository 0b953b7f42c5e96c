"""Log lines are JSON, ours and those of libraries alike."""

import json
import logging

import structlog

from backend.logs import make_formatter
from backend.settings import LogFormat


def line_of(record: logging.LogRecord) -> dict[str, object]:
    parsed: dict[str, object] = json.loads(make_formatter(LogFormat.JSON).format(record))
    return parsed


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("library", logging.WARNING, __file__, 1, message, args, None)
    made.__dict__.update(extra)
    return made


def test_record_of_a_library_is_one_json_line() -> None:
    line = line_of(record("pool of %d", 5, status=503))
    assert (line["event"], line["level"], line["logger"], line["status"]) == ("pool of 5", "warning", "library", 503)


def test_line_carries_the_request_id() -> None:
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        assert line_of(record("hello"))["request_id"] == "abc"


def test_newlines_cannot_forge_lines() -> None:
    assert "\n" not in make_formatter(LogFormat.JSON).format(record("a\nb"))
