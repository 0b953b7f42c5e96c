"""A sign-in provider on loopback that speaks the wire protocols of Google, Twitch and Discord."""

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import h11

from tests.support.loopback import listening

CLIENT_SECRETS: Final = {
    "google-client": "google-secret",
    "twitch-client": "twitch-secret",
    "discord-client": "discord-secret",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what is sent back; `body` may be anything but what was asked for."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, content: object) -> "Answer":
        return cls(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold one request as it came."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Grant:
    """Remember what a code was given for."""

    client_id: str
    redirect_uri: str
    challenge: str | None


@dataclass(frozen=True, slots=True)
class Dialect:
    """Say how one provider differs: its paths, whether it checks PKCE, and how it writes a profile."""

    authorize: str
    token: str
    profile: str
    checks_pkce: bool
    write: Callable[[Mapping[str, Any]], object]


DIALECTS: Final = {
    "google": Dialect("/o/oauth2/v2/auth", "/token", "/oauth2/v2/userinfo", checks_pkce=True, write=dict),
    "twitch": Dialect(
        "/oauth2/authorize",
        "/oauth2/token",
        "/helix/users",
        checks_pkce=False,
        write=lambda user: {"data": [dict(user)]},
    ),
    "discord": Dialect("/api/oauth2/authorize", "/api/oauth2/token", "/api/users/@me", checks_pkce=True, write=dict),
}

PEOPLE: Final[Mapping[str, Mapping[str, Any]]] = {
    "google": {
        "id": "108204268033311374519",
        "email": "Nora@Example.com",
        "verified_email": True,
        "name": "Nora Nyström",
        "picture": "https://lh3.googleusercontent.com/a/nora",
    },
    "twitch": {
        "id": "44322889",
        "login": "noraplays",
        "display_name": "NoraPlays",
        "email": "nora@example.com",
        "profile_image_url": "https://static-cdn.jtvnw.net/jtv_user_pictures/nora.png",
    },
    "discord": {
        "id": "80351110224678912",
        "username": "nora",
        "global_name": "Nora",
        "email": "nora@example.com",
        "verified": True,
        "avatar": "8342729096ea3675442027381ff50dfe",
    },
}


class LoopbackProvider:
    """Grant codes to whoever asks, for the person set in `people`, and note every request.

    `replies` replaces the answer of a path: with fixed bytes, or with a coroutine function that may also never
    return. An answer of None breaks the connection off.
    """

    def __init__(self) -> None:
        self.url = ""  # known when it listens
        self.people: dict[str, dict[str, Any]] = {name: dict(person) for name, person in PEOPLE.items()}
        self.replies: dict[str, Callable[[], Any]] = {}
        self.asked: list[Asked] = []
        self.consent_error: str | None = None
        self._grants: dict[str, Grant] = {}
        self._tokens: dict[str, str] = {}

    def settings(self) -> dict[str, str]:
        """Give the settings that make the backend use this provider for all three."""
        names = ("google_accounts_url", "google_token_url", "google_api_url", "twitch_id_url", "twitch_api_url")
        clients = {f"{name}_client_id": f"{name}-client" for name in DIALECTS}
        keys = {f"{name}_client_secret": f"{name}-secret" for name in DIALECTS}
        return clients | keys | dict.fromkeys((*names, "discord_url"), self.url)

    def reply(self, path: str, answer: Answer | None) -> None:
        """Let a path answer with this from now on."""

        async def give() -> Answer | None:
            return answer

        self.replies[path] = give

    def hang(self, path: str) -> None:
        """Let a path never answer."""

        async def wait() -> Answer:
            await asyncio.Event().wait()
            raise AssertionError

        self.replies[path] = wait

    async def answer(self, asked: Asked) -> Answer | None:
        """Answer one request."""
        self.asked.append(asked)
        if asked.path in self.replies:
            replaced: Answer | None = await self.replies[asked.path]()
            return replaced
        for name, dialect in DIALECTS.items():
            match asked.method, asked.path:
                case "GET", dialect.authorize:
                    return self._consent(asked)
                case "POST", dialect.token:
                    return self._exchange(asked, dialect)
                case "GET", dialect.profile:
                    return self._describe(asked, name, dialect)
        return Answer.json(404, {"error": "not_found"})

    def _consent(self, asked: Asked) -> Answer:
        query = asked.query
        if query.get("response_type") != "code" or query.get("client_id") not in CLIENT_SECRETS:
            return Answer.json(400, {"error": "invalid_request"})
        if self.consent_error is not None:
            back = {"error": self.consent_error, "error_description": "<b>provider text</b>", "state": query["state"]}
        else:
            code = secrets.token_urlsafe(16)
            challenge = query.get("code_challenge") if query.get("code_challenge_method") == "S256" else None
            self._grants[code] = Grant(query["client_id"], query["redirect_uri"], challenge)
            back = {"code": code, "state": query["state"]}
        return Answer(302, b"", {"Location": f"{query['redirect_uri']}?{urlencode(back)}"})

    def _exchange(self, asked: Asked, dialect: Dialect) -> Answer:
        form = asked.form
        grant = self._grants.pop(form.get("code", ""), None)
        client_id = form.get("client_id", "")
        if CLIENT_SECRETS.get(client_id) != form.get("client_secret"):
            return Answer.json(401, {"error": "invalid_client"})
        if (
            grant is None
            or form.get("grant_type") != "authorization_code"
            or (grant.client_id, grant.redirect_uri) != (client_id, form.get("redirect_uri"))
            or (dialect.checks_pkce and grant.challenge != challenge_of(form.get("code_verifier", "")))
        ):
            return Answer.json(400, {"error": "invalid_grant", "error_description": "<b>provider text</b>"})
        token = secrets.token_urlsafe(24)
        self._tokens[token] = client_id
        return Answer.json(200, {"access_token": token, "token_type": "bearer", "expires_in": 3600, "scope": "email"})

    def _describe(self, asked: Asked, name: str, dialect: Dialect) -> Answer:
        client_id = self._tokens.get(asked.headers.get("authorization", "").removeprefix("Bearer "))
        if client_id is None or (name == "twitch" and asked.headers.get("client-id") != client_id):
            return Answer.json(401, {"error": "Unauthorized", "message": "provider text"})
        return Answer.json(200, dialect.write(self.people[name]))


def challenge_of(verifier: str) -> str:
    """Derive the S256 challenge, written down here a second time on purpose."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@asynccontextmanager
async def loopback_provider() -> AsyncIterator[LoopbackProvider]:
    """Serve a provider on a free port of 127.0.0.1."""
    provider = LoopbackProvider()
    async with listening(partial(_serve, provider)) as port:
        provider.url = f"http://127.0.0.1:{port}"
        yield provider


async def _serve(provider: LoopbackProvider, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h11.Connection(h11.SERVER)
    try:
        asked = await _read(connection, reader)
        answer = None if asked is None else await provider.answer(asked)
        if answer is not None:
            headers = [*answer.headers.items(), ("Content-Length", str(len(answer.body))), ("Connection", "close")]
            head = h11.Response(status_code=answer.status, headers=headers)
            for event in (head, h11.Data(data=answer.body), h11.EndOfMessage()):
                writer.write(connection.send(event) or b"")
            await writer.drain()
    finally:
        writer.close()


async def _read(connection: h11.Connection, reader: asyncio.StreamReader) -> Asked | None:
    request: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            target = urlsplit(request.target.decode())
            headers = {name.decode(): value.decode() for name, value in request.headers}
            return Asked(request.method.decode(), target.path, _flat(target.query), _flat(body.decode()), headers)
        else:
            return None


def _flat(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
