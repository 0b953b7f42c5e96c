"""The authorization code flow all providers share."""

import json
from abc import ABC, abstractmethod
from asyncio import timeout
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

import httpx
from pydantic import AnyHttpUrl, BaseModel, Field, SecretStr, ValidationError

from backend.clients.http import HTTP_UNREACHABLE, HttpClient
from backend.clients.oauth.errors import (
    AnswerTooLarge,
    BrokenTransport,
    NoAnswerInTime,
    NotJson,
    OAuthProviderNotConfigured,
    OAuthTokenExchangeFailed,
    OAuthUserInfoFailed,
    UnusableAnswer,
    WrongStatus,
)
from backend.clients.oauth.profile import OAuthProfile

_MAX_ANSWER_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Say where a provider's consent page, token service and profile service are."""

    authorize: str
    token: str
    profile: str


class OAuthProvider(ABC):
    """Speak with one provider as one registered client; `name` is the provider's name in our own addresses."""

    name: ClassVar[str]
    _consent_parameters: ClassVar[Mapping[str, str]]

    def __init__(
        self,
        http: HttpClient,
        client_id: str | None,
        client_secret: SecretStr | None,
        endpoints: Endpoints,
        time_limit: float,
    ) -> None:
        self._http = http
        self._client_id = client_id or ""
        self._client_secret = client_secret or SecretStr("")
        self._endpoints = endpoints
        self._time_limit = time_limit

    def require_configured(self) -> None:
        """Raise `OAuthProviderNotConfigured` unless the client's id and secret are set."""
        settings = {
            f"{self.name.upper()}_CLIENT_ID": self._client_id,
            f"{self.name.upper()}_CLIENT_SECRET": self._client_secret.get_secret_value(),
        }
        missing = [name for name, value in settings.items() if not value]
        if missing:
            raise OAuthProviderNotConfigured(self.name, missing)

    def authorization_url(self, *, state: str, redirect_uri: str, code_challenge: str) -> str:
        """Give the address of the consent page; `code_challenge` is the S256 form of the later verifier."""
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "code_challenge": code_challenge,
            "code_challenge_method": "S256",
            **self._consent_parameters,
        }
        return f"{self._endpoints.authorize}?{urlencode(query)}"

    async def exchange_code(self, *, code: str, redirect_uri: str, code_verifier: str) -> str:
        """Trade the code for an access token, or raise `OAuthTokenExchangeFailed`."""
        form = {
            "client_id": self._client_id,
            "client_secret": self._client_secret.get_secret_value(),
            "code": code,
            "code_verifier": code_verifier,
            "grant_type": "authorization_code",
            "redirect_uri": redirect_uri,
        }
        request = self._http.build_request(
            "POST", self._endpoints.token, data=form, headers={"Accept": "application/json"}
        )
        try:
            return _Token.model_validate(await self._answer(request)).access_token
        except (UnusableAnswer, ValidationError) as failure:
            raise OAuthTokenExchangeFailed(self.name, _reason(failure)) from None

    async def user_info(self, access_token: str) -> OAuthProfile:
        """Ask whose token this is, or raise `OAuthUserInfoFailed`."""
        headers = {"Accept": "application/json", "Authorization": f"Bearer {access_token}", **self._profile_headers}
        request = self._http.build_request("GET", self._endpoints.profile, headers=headers)
        try:
            return self._read_profile(await self._answer(request))
        except (UnusableAnswer, ValidationError) as failure:
            raise OAuthUserInfoFailed(self.name, _reason(failure)) from None

    @property
    def _profile_headers(self) -> Mapping[str, str]:
        return {}

    @abstractmethod
    def _read_profile(self, answer: object) -> OAuthProfile:
        """Read the provider's own form of a profile; raises pydantic's `ValidationError`."""

    async def _answer(self, request: httpx.Request) -> object:
        try:
            async with timeout(self._time_limit):
                status, body = await self._send(request)
        except TimeoutError:
            raise NoAnswerInTime(self._time_limit) from None
        except HTTP_UNREACHABLE as failure:
            raise BrokenTransport(failure) from None
        except httpx.DecodingError:
            raise NotJson from None
        if status != httpx.codes.OK:
            raise WrongStatus(status)
        return _parse(body)

    async def _send(self, request: httpx.Request) -> tuple[int, bytes]:
        response = await self._http.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MAX_ANSWER_BYTES:
                    raise AnswerTooLarge(_MAX_ANSWER_BYTES)
            return response.status_code, bytes(body)
        finally:
            await response.aclose()


def endpoint(base: AnyHttpUrl, path: str) -> str:
    """Put a provider's fixed path behind an address from the settings."""
    return f"{str(base).rstrip('/')}{path}"


class _Token(BaseModel):
    """The one field of a token answer we use; header-safe, because it goes into one."""

    access_token: str = Field(min_length=1, max_length=8192, pattern=r"^[\x21-\x7e]+$")


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise NotJson from None


def _reason(failure: UnusableAnswer | ValidationError) -> str:
    if isinstance(failure, UnusableAnswer):
        return str(failure)
    fields = {".".join(str(part) for part in problem["loc"]) or "the whole" for problem in failure.errors()}
    return f"an answer with unusable {', '.join(sorted(fields))}"
