"""People who are logged in, without going through the routes of sign-up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import httpx
from starlette.types import ASGIApp

from backend.context import RequestContext
from backend.db.caller import Caller
from backend.services.identity.auth_service import AuthService, Signup
from di import Container

PASSWORD = "Correct-Horse-7-Battery"


class Person(httpx.AsyncClient):
    """A client whose requests carry one account's access token."""

    user_id: UUID


@asynccontextmanager
async def logged_in(app: ASGIApp, container: Container) -> AsyncIterator[Person]:
    """Make an account, log in, and give a client that speaks for it."""
    email = f"{uuid4()}@example.com"
    async with container.scope({Caller: Caller.service(), RequestContext: RequestContext()}) as scope:
        auth = await scope.resolve(AuthService)
        await auth.signup(Signup(email, PASSWORD, "Someone", accept_terms=True))
    async with container.scope({Caller: Caller.service(), RequestContext: RequestContext()}) as scope:
        tokens, account = await (await scope.resolve(AuthService)).login(email, PASSWORD)
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    async with Person(transport=httpx.ASGITransport(app), base_url="http://testserver", headers=headers) as person:
        person.user_id = account.id
        yield person
