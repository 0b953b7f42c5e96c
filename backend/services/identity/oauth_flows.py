"""What is remembered between leaving for a provider and coming back."""

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Final, Self
from uuid import UUID

from backend.clients.oauth import OAuthProfile
from backend.clients.redis import Redis, RedisError
from backend.errors import Unavailable

FLOW_TTL: Final = timedelta(minutes=10)
SIGNUP_TTL: Final = timedelta(minutes=15)
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class SignInUnavailable(Unavailable):
    """Say that a sign-in can neither be begun nor finished right now."""

    def __init__(self) -> None:
        super().__init__("sign-in", message="Sign-in is not available right now. Try again in a moment.")


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """Name who wants another login method, and the session in which he said so."""

    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class OAuthFlow:
    """Remember one departure: where to, with which secret, from which browser, and to link with whose account.

    `browser` is the digest of a secret that only the browser that left has, in a cookie.
    """

    provider: str
    verifier: str
    browser: str
    target: LinkTarget | None = None

    @property
    def challenge(self) -> str:
        """Derive what the provider is told of the verifier (RFC 7636, S256)."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    def left_from(self, browser_secret: str | None) -> bool:
        """Tell whether the browser that came back is the one that left."""
        return browser_secret is not None and hmac.compare_digest(digest(browser_secret), self.browser)

    def dump(self) -> str:
        """Write it as text."""
        target = self.target and {"user": str(self.target.user_id), "session": str(self.target.session_id)}
        return json.dumps([self.provider, self.verifier, self.browser, target])

    @classmethod
    def load(cls, text: str) -> Self:
        """Read what `dump` wrote."""
        provider, verifier, browser, target = json.loads(text)
        return cls(provider, verifier, browser, target and LinkTarget(UUID(target["user"]), UUID(target["session"])))


class OAuthFlowStore:
    """Keep departures, and profiles of people who have yet to accept the terms, for minutes in Redis.

    Any process may take up what another one put down, and each thing is taken once. Raises `SignInUnavailable`
    where Redis does not answer.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def depart(self, flow: OAuthFlow) -> str:
        """Keep a departure and give the state under which it can be taken up again."""
        state = new_secret()
        await self._put(f"oauth:state:{state}", flow.dump(), FLOW_TTL)
        return state

    async def arrive(self, state: str | None) -> OAuthFlow | None:
        """Take up a departure, once; None for any state that we did not give out in the last minutes."""
        if state is None or not _SECRET.fullmatch(state):
            return None
        async with _required():
            text = await self._redis.getdel(f"oauth:state:{state}")
        return None if text is None else OAuthFlow.load(str(text))

    async def keep_signup(self, profile: OAuthProfile) -> str:
        """Keep who wants an account and give the token under which the wish can be completed."""
        token = new_secret()
        await self._put(f"oauth:signup:{digest(token)}", json.dumps(asdict(profile)), SIGNUP_TTL)
        return token

    async def read_signup(self, token: str | None) -> OAuthProfile | None:
        """Look at who wants an account; None once the wish was completed or is too old."""
        if token is None:
            return None
        async with _required():
            text = await self._redis.get(f"oauth:signup:{digest(token)}")
        return None if text is None else OAuthProfile(**json.loads(text))

    async def take_signup(self, token: str | None) -> OAuthProfile | None:
        """Take up a wish for an account, once."""
        if token is None:
            return None
        async with _required():
            text = await self._redis.getdel(f"oauth:signup:{digest(token)}")
        return None if text is None else OAuthProfile(**json.loads(text))

    async def _put(self, key: str, text: str, lifetime: timedelta) -> None:
        async with _required():
            await self._redis.set(key, text, ex=lifetime)


def new_secret() -> str:
    """Make 32 random bytes as 43 characters."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Give what may be stored in the place of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


@asynccontextmanager
async def _required() -> AsyncIterator[None]:
    try:
        yield
    except RedisError as error:
        raise SignInUnavailable from error
