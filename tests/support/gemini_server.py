"""A server on loopback that speaks `generateContent`, and misbehaves on request."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from PIL import Image


@dataclass(frozen=True, slots=True)
class Reply:
    """Say what to answer, and how badly: after a pause, cut off in the middle of the body, or never."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold one request as it came in."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


class GeminiServer:
    """Answer with the given replies in order, the last one again and again."""

    def __init__(self) -> None:
        self.replies: list[Reply] = [picture_reply()]
        self.asked: list[Asked] = []
        self.url = ""
        self.arrived = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection for one request."""
        try:
            self.asked.append(await _read(reader))
            self.arrived.set()
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
            if reply.silent:
                await reader.read()
                return
            headers = {
                "Content-Type": "application/json",
                "Content-Length": str(len(reply.body)),
                "Connection": "close",
            }
            lines = [f"HTTP/1.1 {reply.status} Reply", *(f"{k}: {v}" for k, v in {**headers, **reply.headers}.items())]
            writer.write("\r\n".join([*lines, "", ""]).encode() + reply.body[: reply.cut_after])
            await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def gemini_server() -> AsyncIterator[GeminiServer]:
    """Listen on a free port of loopback."""
    gemini = GeminiServer()
    server = await asyncio.start_server(gemini.answer, "127.0.0.1", 0)
    gemini.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield gemini


def png(width: int = 64, height: int = 64, color: tuple[int, int, int] = (200, 30, 90)) -> bytes:
    """Encode a plain picture."""
    target = io.BytesIO()
    Image.new("RGB", (width, height), color).save(target, "PNG")
    return target.getvalue()


def picture_reply(image: bytes | None = None, *, snake_case: bool = False, signature: str | None = "c2lnbmVk") -> Reply:
    """Answer with a picture, as the real service does: a thought first, then words, then the picture."""
    data = base64.b64encode(png() if image is None else image).decode()
    inline = {"mime_type" if snake_case else "mimeType": "image/png", "data": data}
    part: dict[str, Any] = {"inline_data" if snake_case else "inlineData": inline}
    if signature:
        part["thought_signature" if snake_case else "thoughtSignature"] = signature
    sketch = {"thought": True, "inlineData": {"mimeType": "image/png", "data": base64.b64encode(b"sketch").decode()}}
    return candidate_reply([sketch, {"text": "Here it is."}, part])


def candidate_reply(parts: list[dict[str, Any]], finish_reason: str = "STOP") -> Reply:
    """Answer with one candidate."""
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": finish_reason}
    return json_reply({"candidates": [candidate], "modelVersion": "gemini-test", "responseId": "r-1"})


def json_reply(body: object, status: int = 200, **headers: str) -> Reply:
    """Answer with JSON."""
    return Reply(status, json.dumps(body).encode(), {name.replace("_", "-"): value for name, value in headers.items()})


def error_reply(status: int, message: str, **headers: str) -> Reply:
    """Answer with an error in the shape of Google's interfaces."""
    return json_reply({"error": {"code": status, "message": message, "status": "ERROR"}}, status, **headers)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(head[0].split(" ")[1], headers, json.loads(body))
