"""The JSON that Gemini's `generateContent` takes and gives."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal, Protocol

from backend.clients.generation_errors import (
    AnswerProblem,
    GenerationAnswerMalformed,
    GenerationContentPolicy,
    GenerationWithoutImage,
)

_HARM_CATEGORIES: Final = (
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
)
_REFUSALS: Final = frozenset(
    {
        "SAFETY",
        "IMAGE_SAFETY",
        "PROHIBITED_CONTENT",
        "IMAGE_PROHIBITED_CONTENT",
        "BLOCKLIST",
        "SPII",
        "RECITATION",
        "IMAGE_RECITATION",
    }
)


@dataclass(frozen=True, slots=True)
class GeminiPart:
    """Carry text or a picture; a picture the model made carries its signature."""

    text: str = ""
    image: bytes | None = field(default=None, repr=False)
    mime_type: str = "image/png"
    thought_signature: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class GeminiContent:
    """Hold one turn."""

    role: Literal["user", "model"]
    parts: tuple[GeminiPart, ...]


@dataclass(frozen=True, slots=True)
class GeminiAnswer:
    """Hold the picture of the first candidate, and what came with it."""

    image: bytes = field(repr=False)
    mime_type: str
    text: str = ""
    thought_signature: str | None = field(default=None, repr=False)
    response_id: str | None = None
    model_version: str | None = None


class Question(Protocol):
    """Say what of a question goes into the body."""

    @property
    def contents(self) -> Sequence[GeminiContent]: ...
    @property
    def aspect_ratio(self) -> str: ...
    @property
    def image_size(self) -> str | None: ...
    @property
    def seed(self) -> int | None: ...
    @property
    def use_search(self) -> bool: ...


def request_body(question: Question) -> bytes:
    """Write the request; pictures become base64, which takes a while."""
    image_config = {"aspectRatio": question.aspect_ratio}
    if question.image_size:
        image_config["imageSize"] = question.image_size
    config: dict[str, Any] = {"responseModalities": ["IMAGE", "TEXT"], "imageConfig": image_config}
    if question.seed is not None:
        config["seed"] = question.seed
    body: dict[str, Any] = {
        "contents": [
            {"role": content.role, "parts": [_part(part) for part in content.parts]} for content in question.contents
        ],
        "generationConfig": config,
        "safetySettings": [
            {"category": category, "threshold": "BLOCK_MEDIUM_AND_ABOVE"} for category in _HARM_CATEGORIES
        ],
    }
    if question.use_search:
        body["tools"] = [{"google_search": {}}]
    return json.dumps(body, ensure_ascii=False).encode()


def read_answer(body: bytes) -> GeminiAnswer:
    """Read an answer with status 200, in camelCase or snake_case.

    Raises `GenerationAnswerMalformed`, `GenerationContentPolicy` or `GenerationWithoutImage`.
    """
    answer = _mapping(_load(body))
    candidates = _sequence(answer.get("candidates"))
    if not candidates:
        raise _without_candidates(answer)
    candidate = _mapping(candidates[0])
    parts = [_mapping(part) for part in _sequence(_mapping(candidate.get("content")).get("parts"))]
    words = " ".join(str(part["text"]) for part in parts if part.get("text") and not part.get("thought"))
    for part in parts:
        inline = _either(part, "inlineData", "inline_data")
        if inline is not None and not part.get("thought"):
            return _answer_of(answer, part, _mapping(inline), words)
    reason = str(_either(candidate, "finishReason", "finish_reason") or "")
    if reason in _REFUSALS:
        raise GenerationContentPolicy(reason)
    raise GenerationWithoutImage(words or str(_either(candidate, "finishMessage", "finish_message") or reason))


def read_problem(body: bytes) -> str:
    """Find the message of an error answer; anything else gives its beginning."""
    try:
        message = json.loads(body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return body[:200].decode("utf-8", "replace")
    return str(message)


def read_retry_after(headers: Mapping[str, str], body: bytes, default: float) -> float:
    """Find how long to wait: `Retry-After` in seconds or as an HTTP date, else the `retryDelay` of the error."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    if value:
        try:
            when = parsedate_to_datetime(value)
        except ValueError:
            return default
        return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    return next(_retry_delays(body), default)


def _part(part: GeminiPart) -> dict[str, Any]:
    if part.image is None:
        return {"text": part.text}
    inline = {"mimeType": part.mime_type, "data": base64.b64encode(part.image).decode("ascii")}
    signature = {"thoughtSignature": part.thought_signature} if part.thought_signature else {}
    return {"inlineData": inline} | signature


def _answer_of(
    answer: Mapping[str, Any], part: Mapping[str, Any], inline: Mapping[str, Any], words: str
) -> GeminiAnswer:
    try:
        image = base64.b64decode(str(inline.get("data", "")), validate=True)
    except (binascii.Error, ValueError):
        raise GenerationAnswerMalformed(AnswerProblem.NOT_BASE64) from None
    if not image:
        raise GenerationAnswerMalformed(AnswerProblem.EMPTY_PICTURE)
    signature = _either(part, "thoughtSignature", "thought_signature")
    return GeminiAnswer(
        image=image,
        mime_type=str(_either(inline, "mimeType", "mime_type") or "image/png"),
        text=words,
        thought_signature=str(signature) if signature else None,
        response_id=_text(_either(answer, "responseId", "response_id")),
        model_version=_text(_either(answer, "modelVersion", "model_version")),
    )


def _without_candidates(answer: Mapping[str, Any]) -> GenerationContentPolicy | GenerationWithoutImage:
    feedback = _either(answer, "promptFeedback", "prompt_feedback")
    reason = _either(feedback, "blockReason", "block_reason") if isinstance(feedback, dict) else None
    return GenerationContentPolicy(str(reason)) if reason else GenerationWithoutImage("")


def _retry_delays(body: bytes) -> Iterator[float]:
    try:
        details = json.loads(body)["error"]["details"]
        delays = [str(item["retryDelay"]) for item in details if "retryDelay" in item]
    except (ValueError, KeyError, TypeError):
        return
    for delay in delays:
        if delay.endswith("s") and delay[:-1].replace(".", "", 1).isdigit():
            yield float(delay[:-1])


def _load(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise GenerationAnswerMalformed(AnswerProblem.NOT_JSON) from None


def _mapping(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise GenerationAnswerMalformed(AnswerProblem.NOT_AN_OBJECT)
    return value


def _sequence(value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise GenerationAnswerMalformed(AnswerProblem.NOT_A_LIST)
    return value


def _either(mapping: Mapping[str, Any], camel: str, snake: str) -> Any:
    return mapping[camel] if camel in mapping else mapping.get(snake)


def _text(value: object) -> str | None:
    return str(value) if value else None
