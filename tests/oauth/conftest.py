"""A running application whose providers are on loopback, and browsers that use it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp

from backend.db.caller import Caller
from backend.db.repositories.users import Account, NewAccount, UserRepository
from backend.settings import Settings
from tests.conftest import MakeSettings, SessionAs
from tests.support.oauth_provider import LoopbackProvider, loopback_provider

OAUTH = "/api/v1/auth/oauth"
FRONTEND = "http://app.example.com"
API = "http://testserver"


@pytest.fixture
async def provider() -> AsyncIterator[LoopbackProvider]:
    async with loopback_provider() as provider:
        yield provider


@pytest.fixture
def settings(make_settings: MakeSettings, database_url: str, redis_url: str, provider: LoopbackProvider) -> Settings:
    return make_settings(
        database_url=database_url,
        redis_url=redis_url,
        public_url=API,
        frontend_url=FRONTEND,
        oauth_timeout=5,
        **provider.settings(),
    )


class Browser(httpx.AsyncClient):
    """Keep cookies as a browser does, and visit the provider's pages over a real connection."""

    def __init__(self, app: ASGIApp, outside: httpx.AsyncClient) -> None:
        super().__init__(transport=httpx.ASGITransport(app), base_url=API)
        self._outside = outside

    async def leave(self, provider: str, *, headers: dict[str, str] | None = None, link: bool = False) -> str:
        """Begin, and give the address of the consent page."""
        answer = await self.post(f"{OAUTH}/{provider}{'/link' if link else ''}", headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["authorization_url"])

    async def consent(self, authorization_url: str) -> str:
        """Consent, or whatever the provider makes of it, and give the address it sends the browser back to."""
        answer = await self._outside.get(authorization_url)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    async def sign_in(self, provider: str, **options: Any) -> dict[str, str]:
        """Go all the way, and give what the web application is told."""
        return landing(await self.get(await self.consent(await self.leave(provider, **options))))

    async def complete(self, **changes: Any) -> httpx.Response:
        """Accept the terms."""
        return await self.post(f"{OAUTH}/complete", json={"accept_terms": True} | changes)


def landing(answer: httpx.Response) -> dict[str, str]:
    """Read what a redirect to the web application says."""
    assert answer.status_code == 302, answer.text
    target = urlsplit(answer.headers["location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == f"{FRONTEND}/auth/callback"
    return dict(parse_qsl(target.query))


NewBrowser = Callable[..., Awaitable[Browser]]
MakeAccount = Callable[..., Awaitable[Account]]


@pytest.fixture
async def new_browser(app: FastAPI) -> AsyncIterator[NewBrowser]:
    async with AsyncExitStack() as stack:
        outside = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))

        async def open_browser(other_app: FastAPI | None = None) -> Browser:
            return await stack.enter_async_context(Browser(other_app or app, outside))

        yield open_browser


@pytest.fixture
async def browser(new_browser: NewBrowser) -> Browser:
    return await new_browser()


@pytest.fixture
def make_account(session_as: SessionAs) -> MakeAccount:
    """Make an account without the routes, so that its email may be verified."""

    async def make(email: str = "nora@example.com", *, verified: bool = True, password: str | None = "hash") -> Account:
        async with session_as(Caller.service()) as session:
            new = NewAccount(email=email, display_name="Nora", email_verified=verified, password_hash=password)
            account = await UserRepository(session).create(new)
        assert account is not None
        return account

    return make


async def identities_of(session_as: SessionAs, user_id: UUID) -> list[str]:
    """List the providers an account is linked with."""
    from backend.db.repositories.user_identities import UserIdentityRepository

    async with session_as(Caller.service()) as session:
        return [identity.provider for identity in await UserIdentityRepository(session).of(user_id)]
