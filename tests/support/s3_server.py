"""A small S3 on loopback: objects in memory, and the real signature check (AWS Signature Version 4)."""

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlsplit

ACCESS_KEY = "test-access-key"
SECRET_KEY = "test-secret-key"
REGION = "eu-test-1"


@dataclass
class StoredBytes:
    """One object as the server keeps it."""

    data: bytes
    content_type: str
    modified: datetime

    @property
    def etag(self) -> str:
        """Give the entity tag as S3 does."""
        return f'"{hashlib.md5(self.data, usedforsecurity=False).hexdigest()}"'


@dataclass
class S3Server:
    """What a test may look at and turn: the objects, the requests, the next failures."""

    endpoint: str = ""
    objects: dict[str, StoredBytes] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    clock_ahead: timedelta = timedelta()


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run the server in a thread until the block is left."""
    state = S3Server()
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    state.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: ClassVar[S3Server]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._admitted(body):
            content_type = self.headers.get("Content-Type", "application/octet-stream")
            stored = StoredBytes(body, content_type, datetime.now(UTC).replace(microsecond=0))
            self.state.objects[self._key()] = stored
            self._answer(200, {"ETag": stored.etag})

    def do_GET(self) -> None:
        if not self._admitted():
            return
        stored = self.state.objects.get(self._key())
        if stored is None:
            self._fail(404, "NoSuchKey")
            return
        size = len(stored.data)
        start, end, status = 0, size, 200
        if wanted := self.headers.get("Range"):
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end, status = int(first), min(int(last) + 1 if last else size, size), 206
        headers = {
            "ETag": stored.etag,
            "Content-Type": stored.content_type,
            "Last-Modified": format_datetime(stored.modified, usegmt=True),
        }
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        self._answer(status, headers, stored.data[start:end])

    do_HEAD = do_GET  # noqa: N815 - the base class's naming

    def do_DELETE(self) -> None:
        if self._admitted():
            self.state.objects.pop(self._key(), None)
            self._answer(204, {})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet."""

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).lstrip("/")

    def _admitted(self, body: bytes = b"") -> bool:
        self.state.requests.append((self.command, self._key()))
        if self.state.failures:
            self._fail(self.state.failures.pop(0), "InternalError")
            return False
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        refusal = self._check_presigned(query) if "X-Amz-Signature" in query else self._check_header(query, body)
        if refusal:
            self._fail(403, refusal)
        return refusal is None

    def _check_presigned(self, query: dict[str, str]) -> str | None:
        signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if datetime.now(UTC) + self.state.clock_ahead > signed_at + timedelta(seconds=int(query["X-Amz-Expires"])):
            return "AccessDenied"
        given = query.pop("X-Amz-Signature")
        names = query["X-Amz-SignedHeaders"].split(";")
        expected = self._signature(query, names, "UNSIGNED-PAYLOAD", query["X-Amz-Credential"], query["X-Amz-Date"])
        return None if hmac.compare_digest(given, expected) else "SignatureDoesNotMatch"

    def _check_header(self, query: dict[str, str], body: bytes) -> str | None:
        scheme, _, rest = self.headers.get("Authorization", "").partition(" ")
        if scheme != "AWS4-HMAC-SHA256":
            return "AccessDenied"
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        payload = self.headers["x-amz-content-sha256"]
        if payload not in {"UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()}:
            return "XAmzContentSHA256Mismatch"
        names = parts["SignedHeaders"].split(";")
        expected = self._signature(query, names, payload, parts["Credential"], self.headers["x-amz-date"])
        return None if hmac.compare_digest(parts["Signature"], expected) else "SignatureDoesNotMatch"

    def _signature(self, query: dict[str, str], names: list[str], payload: str, credential: str, date: str) -> str:
        access_key, scope = credential.split("/", 1)
        if access_key != ACCESS_KEY:
            return ""
        canonical_query = "&".join(
            f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}" for name in sorted(query)
        )
        canonical_headers = "".join(f"{name}:{self.headers[name].strip()}\n" for name in names)
        method_and_path = f"{self.command}\n{urlsplit(self.path).path}"
        canonical = f"{method_and_path}\n{canonical_query}\n{canonical_headers}\n{';'.join(names)}\n{payload}"
        to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{SECRET_KEY}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.new(key, to_sign.encode(), "sha256").hexdigest()

    def _fail(self, status: int, code: str) -> None:
        self._answer(status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code></Error>".encode())

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
