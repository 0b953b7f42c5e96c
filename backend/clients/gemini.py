"""Ask Gemini for a picture over its REST interface."""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import httpx
from pydantic import SecretStr

from backend.clients.gemini_wire import (
    GeminiAnswer,
    GeminiContent,
    read_answer,
    read_problem,
    read_retry_after,
    request_body,
)
from backend.clients.generation_errors import (
    AnswerProblem,
    GenerationAnswerMalformed,
    GenerationAnswerTooLarge,
    GenerationContentPolicy,
    GenerationFailed,
    GenerationRateLimited,
    GenerationRejected,
    GenerationServerFailed,
    GenerationTimedOut,
    GenerationUnreachable,
)

logger = logging.getLogger(__name__)
_POLICY_WORDS: Final = ("safety", "blocked", "policy")
_DEFAULT_RETRY_AFTER: Final = 60.0


@dataclass(frozen=True, slots=True)
class GeminiOptions:
    """Configure the client; times are in seconds.

    `total_budget` bounds all attempts and the waits between them, and must be below the lease of the job that asks.
    """

    api_key: SecretStr
    base_url: str
    attempt_timeout: float = 60.0
    total_budget: float = 150.0
    max_attempts: int = 3
    backoff: float = 1.0
    max_answer_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class GeminiQuestion:
    """Hold one request: turns, the picture's shape, and whether the model may search the web."""

    model: str
    contents: Sequence[GeminiContent] = field(repr=False)
    aspect_ratio: str
    image_size: str | None = None
    seed: int | None = None
    use_search: bool = False


class GeminiClient:
    """Send requests, tell failures apart, and try again where that can help."""

    def __init__(
        self, http: httpx.AsyncClient, options: GeminiOptions, jitter: Callable[[], float] = random.random
    ) -> None:
        self._http = http
        self._options = options
        self._jitter = jitter

    async def generate_image(self, question: GeminiQuestion) -> GeminiAnswer:
        """Get one picture, in at most `total_budget` seconds.

        Waits 1 and 2 seconds plus jitter between attempts, or as long as the server says; if that does not fit into
        the budget, the failure is raised at once. Raises a `GenerationFailed`.
        """
        deadline = monotonic() + self._options.total_budget
        body = await asyncio.to_thread(request_body, question)
        for attempt in range(1, self._options.max_attempts + 1):
            try:
                return await self._attempt(question.model, body, deadline)
            except GenerationFailed as failure:
                wait = self._wait_before_next(failure, attempt)
                logger.warning(
                    "gemini attempt failed",
                    extra={"attempt": attempt, "code": failure.code, "cause": type(failure).__name__},
                )
                if wait is None or monotonic() + wait >= deadline:
                    raise
            await asyncio.sleep(wait)
        raise GenerationTimedOut(self._options.total_budget)  # max_attempts below one asks for nothing

    def _wait_before_next(self, failure: GenerationFailed, attempt: int) -> float | None:
        if not failure.retryable or attempt >= self._options.max_attempts:
            return None
        spread = 1 + 0.2 * self._jitter()
        if isinstance(failure, GenerationRateLimited):
            return failure.retry_after * spread
        return self._options.backoff * float(2 ** (attempt - 1)) * spread

    async def _attempt(self, model: str, body: bytes, deadline: float) -> GeminiAnswer:
        limit = min(self._options.attempt_timeout, deadline - monotonic())
        if limit <= 0:
            raise GenerationTimedOut(self._options.total_budget)
        try:
            async with asyncio.timeout(limit):
                status, headers, answer = await self._post(model, body, limit)
        except (TimeoutError, httpx.TimeoutException):
            raise GenerationTimedOut(limit) from None
        except httpx.DecodingError as error:
            raise GenerationAnswerMalformed(AnswerProblem.NOT_DECODABLE) from error
        except httpx.TransportError as error:
            raise GenerationUnreachable(type(error).__name__) from error
        if status != httpx.codes.OK:
            raise _failure_of(status, headers, answer)
        return await asyncio.to_thread(read_answer, answer)

    async def _post(self, model: str, body: bytes, limit: float) -> tuple[int, Mapping[str, str], bytes]:
        """Read the whole answer, but never more of it than is accepted."""
        url = f"{self._options.base_url.rstrip('/')}/v1beta/models/{model}:generateContent"
        headers = {"x-goog-api-key": self._options.api_key.get_secret_value(), "Content-Type": "application/json"}
        async with self._http.stream("POST", url, content=body, headers=headers, timeout=limit) as response:
            chunks, size = [], 0
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > self._options.max_answer_bytes:
                    raise GenerationAnswerTooLarge(self._options.max_answer_bytes)
                chunks.append(chunk)
            return response.status_code, response.headers, b"".join(chunks)


def _failure_of(status: int, headers: Mapping[str, str], body: bytes) -> GenerationFailed:
    reason = read_problem(body)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return GenerationRateLimited(read_retry_after(headers, body, default=_DEFAULT_RETRY_AFTER))
    if status == httpx.codes.BAD_REQUEST and any(word in reason.lower() for word in _POLICY_WORDS):
        return GenerationContentPolicy(reason[:200])
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.REQUEST_TIMEOUT:
        return GenerationServerFailed(status)
    return GenerationRejected(status, reason[:200])
