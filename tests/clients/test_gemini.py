import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic

import httpx
import pytest
from pydantic import SecretStr

from backend.clients.gemini import GeminiClient, GeminiOptions, GeminiQuestion
from backend.clients.gemini_wire import GeminiContent, GeminiPart, read_retry_after
from backend.clients.generation_errors import (
    GenerationAnswerMalformed,
    GenerationAnswerTooLarge,
    GenerationContentPolicy,
    GenerationFailed,
    GenerationRateLimited,
    GenerationRejected,
    GenerationServerFailed,
    GenerationTimedOut,
    GenerationUnreachable,
    GenerationWithoutImage,
)
from tests.support.gemini_server import (
    GeminiServer,
    Reply,
    candidate_reply,
    error_reply,
    gemini_server,
    json_reply,
    picture_reply,
    png,
)

KEY = "key-that-must-not-leak"
QUESTION = GeminiQuestion(
    model="gemini-3-pro-image-preview",
    contents=[GeminiContent("user", (GeminiPart(text="a fox"), GeminiPart(image=b"\x89PNG", mime_type="image/png")))],
    aspect_ratio="16:9",
    image_size="2K",
    seed=7,
    use_search=True,
)


@pytest.fixture
async def server() -> AsyncIterator[GeminiServer]:
    async with gemini_server() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield http


def client(server: GeminiServer, http: httpx.AsyncClient, **options: float) -> GeminiClient:
    defaults = {"attempt_timeout": 5.0, "total_budget": 10.0, "backoff": 0.001, "max_attempts": 3}
    values = GeminiOptions(SecretStr(KEY), server.url, **(defaults | options))  # type: ignore[arg-type]  # numbers
    return GeminiClient(http, values, jitter=lambda: 0.0)


async def failure(gemini: GeminiClient) -> GenerationFailed:
    with pytest.raises(GenerationFailed) as raised:
        await gemini.generate_image(QUESTION)
    return raised.value


async def test_the_request_is_what_the_interface_asks_for(server: GeminiServer, http: httpx.AsyncClient) -> None:
    await client(server, http).generate_image(QUESTION)

    [asked] = server.asked
    assert asked.path == "/v1beta/models/gemini-3-pro-image-preview:generateContent"
    assert asked.headers["x-goog-api-key"] == KEY
    assert asked.body["contents"] == [
        {
            "role": "user",
            "parts": [{"text": "a fox"}, {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}],
        }
    ]
    assert asked.body["generationConfig"] == {
        "responseModalities": ["IMAGE", "TEXT"],
        "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
        "seed": 7,
    }
    assert {setting["threshold"] for setting in asked.body["safetySettings"]} == {"BLOCK_MEDIUM_AND_ABOVE"}
    assert len(asked.body["safetySettings"]) == 4
    assert asked.body["tools"] == [{"google_search": {}}]


@pytest.mark.parametrize("snake_case", [False, True])
async def test_the_picture_is_read_in_both_spellings(
    server: GeminiServer, http: httpx.AsyncClient, snake_case: bool
) -> None:
    server.replies = [picture_reply(snake_case=snake_case)]

    answer = await client(server, http).generate_image(QUESTION)

    assert answer.image == png()
    assert answer.thought_signature == "c2lnbmVk"
    assert (answer.text, answer.model_version, answer.response_id) == ("Here it is.", "gemini-test", "r-1")


async def test_the_signature_of_an_earlier_picture_goes_back(server: GeminiServer, http: httpx.AsyncClient) -> None:
    turn = GeminiContent("model", (GeminiPart(image=b"x", thought_signature="c2ln"),))
    await client(server, http).generate_image(GeminiQuestion("m", [turn], "1:1"))

    assert server.asked[0].body["contents"][0]["parts"][0]["thoughtSignature"] == "c2ln"
    assert "tools" not in server.asked[0].body
    assert "seed" not in server.asked[0].body["generationConfig"]


@pytest.mark.parametrize(
    ("reply", "expected", "attempts"),
    [
        (error_reply(500, "oops"), GenerationServerFailed, 3),
        (error_reply(503, "overloaded"), GenerationServerFailed, 3),
        (error_reply(400, "Request blocked by SAFETY settings"), GenerationContentPolicy, 1),
        (error_reply(400, "Unknown field"), GenerationRejected, 1),
        (error_reply(403, "API key not valid"), GenerationRejected, 1),
        (error_reply(404, "model not found"), GenerationRejected, 1),
        (Reply(200, b'{"candidates": ['), GenerationAnswerMalformed, 3),
        (Reply(200, b"<html>"), GenerationAnswerMalformed, 3),
        (Reply(200, b"[]"), GenerationAnswerMalformed, 3),
        (Reply(200, b'{"candidates": {"0": 1}}'), GenerationAnswerMalformed, 3),
        (Reply(200, b"\xff\xfe{}"), GenerationAnswerMalformed, 3),
        (Reply(200, b"not gzip", {"Content-Encoding": "gzip"}), GenerationAnswerMalformed, 3),
        (candidate_reply([{"inlineData": {"data": "***"}}]), GenerationAnswerMalformed, 3),
        (candidate_reply([{"inlineData": {"data": ""}}]), GenerationAnswerMalformed, 3),
        (candidate_reply([{"text": "I would rather not."}]), GenerationWithoutImage, 3),
        (json_reply({}), GenerationWithoutImage, 3),
        (candidate_reply([], "IMAGE_SAFETY"), GenerationContentPolicy, 1),
        (json_reply({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}), GenerationContentPolicy, 1),
        (json_reply({"prompt_feedback": {"block_reason": "SAFETY"}}), GenerationContentPolicy, 1),
        (Reply(200, b"{}" * 50, cut_after=20), GenerationUnreachable, 3),
        (Reply(200, b"", {"Content-Length": "10"}), GenerationUnreachable, 3),
    ],
)
async def test_failures_are_told_apart_and_only_passing_ones_tried_again(
    server: GeminiServer, http: httpx.AsyncClient, reply: Reply, expected: type[GenerationFailed], attempts: int
) -> None:
    server.replies = [reply]

    error = await failure(client(server, http))

    assert type(error) is expected
    assert len(server.asked) == attempts


async def test_a_second_try_may_succeed(server: GeminiServer, http: httpx.AsyncClient) -> None:
    server.replies = [error_reply(500, "oops"), Reply(200, b"{"), picture_reply()]

    assert (await client(server, http).generate_image(QUESTION)).image == png()


async def test_the_models_words_explain_a_missing_picture(server: GeminiServer, http: httpx.AsyncClient) -> None:
    server.replies = [candidate_reply([{"text": "n" * 500}])]

    error = await failure(client(server, http))

    assert error.details == {"model_text": "n" * 200}
    assert (error.code, error.status) == ("GENERATION_ERROR", 500)


async def test_a_silent_server_times_out(server: GeminiServer, http: httpx.AsyncClient) -> None:
    server.replies = [Reply(silent=True)]

    error = await failure(client(server, http, attempt_timeout=0.05, max_attempts=2))

    assert isinstance(error, GenerationTimedOut)
    assert (error.code, error.status) == ("GENERATION_TIMEOUT", 504)
    assert len(server.asked) == 2


async def test_all_tries_together_stay_within_the_budget(server: GeminiServer, http: httpx.AsyncClient) -> None:
    server.replies = [Reply(silent=True)]
    started = monotonic()

    error = await failure(client(server, http, attempt_timeout=60, total_budget=0.2, max_attempts=50))

    assert isinstance(error, GenerationTimedOut)
    assert monotonic() - started < 2


async def test_an_address_nobody_listens_on_is_unreachable(server: GeminiServer, http: httpx.AsyncClient) -> None:
    server.url = "http://127.0.0.1:1"
    assert isinstance(await failure(client(server, http)), GenerationUnreachable)


async def test_a_rate_limit_is_waited_for(server: GeminiServer, http: httpx.AsyncClient) -> None:
    server.replies = [error_reply(429, "quota", Retry_After="0"), picture_reply()]

    assert (await client(server, http).generate_image(QUESTION)).image == png()
    assert len(server.asked) == 2


async def test_a_rate_limit_beyond_the_budget_is_told_at_once(server: GeminiServer, http: httpx.AsyncClient) -> None:
    server.replies = [error_reply(429, "quota", Retry_After="30")]

    error = await failure(client(server, http))

    assert isinstance(error, GenerationRateLimited)
    assert (error.code, error.status) == ("GENERATION_RATE_LIMIT", 429)
    assert error.details == {"retry_after_seconds": 30}
    assert error.headers == {"Retry-After": "30"}
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"retry-after": "12"}, b"", 12.0),
        ({}, b'{"error": {"details": [{"@type": "x"}, {"retryDelay": "3.5s"}]}}', 3.5),
        ({}, b"<html>", 60.0),
        ({"retry-after": "soon"}, b"", 60.0),
        ({"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}, b"", 0.0),
    ],
)
def test_the_time_to_wait_is_found(headers: dict[str, str], body: bytes, expected: float) -> None:
    assert read_retry_after(headers, body, default=60.0) == expected


def test_the_time_to_wait_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 85 < read_retry_after({"retry-after": later}, b"", default=60.0) <= 90


async def test_an_oversize_answer_is_not_read_to_its_end(server: GeminiServer, http: httpx.AsyncClient) -> None:
    server.replies = [Reply(200, b"x" * 100_000)]

    error = await failure(client(server, http, max_answer_bytes=1000))

    assert isinstance(error, GenerationAnswerTooLarge)
    assert len(server.asked) == 1


async def test_cancelling_ends_the_request(server: GeminiServer, http: httpx.AsyncClient) -> None:
    server.replies = [Reply(silent=True)]
    task = asyncio.create_task(client(server, http).generate_image(QUESTION))
    async with asyncio.timeout(5):
        await server.arrived.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_key_is_never_logged(
    server: GeminiServer, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.replies = [error_reply(500, "oops"), error_reply(403, "bad key")]

    error = await failure(client(server, http))

    assert "gemini attempt failed" in caplog.text
    logged = [str(vars(record)) for record in caplog.records]
    assert KEY not in f"{logged}{error!r}{error.details}"
    assert KEY not in repr(GeminiOptions(SecretStr(KEY), "http://x"))
