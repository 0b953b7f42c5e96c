"""People who signed up and logged in through the routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
from starlette.types import ASGIApp

PASSWORD = "Correct-Horse-7-Battery"
API = "/api/v1"


class SignedIn(httpx.AsyncClient):
    """A client that sends one account's access token as a bearer and keeps no cookies of its login."""

    user_id: UUID
    email: str
    password: str
    tokens: dict[str, Any]

    def use(self, tokens: dict[str, Any]) -> None:
        """Speak with another pair of tokens from now on."""
        self.tokens = tokens
        self.headers["Authorization"] = f"Bearer {tokens['access_token']}"


def signup_body(email: str, password: str = PASSWORD, **changes: Any) -> dict[str, Any]:
    """Write the body of a sign-up."""
    return {"email": email, "password": password, "display_name": "Someone", "accept_terms": True} | changes


@asynccontextmanager
async def signed_in(
    app: ASGIApp, email: str, password: str = PASSWORD, *, remember_me: bool = False, **changes: Any
) -> AsyncIterator[SignedIn]:
    """Sign up, log in, and give a client that speaks for the account."""
    async with SignedIn(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
        signup = await client.post(f"{API}/auth/signup", json=signup_body(email, password, **changes))
        assert signup.status_code == 201, signup.text
        body = {"email": email, "password": password, "remember_me": remember_me}
        login = await client.post(f"{API}/auth/login", json=body)
        assert login.status_code == 200, login.text
        client.cookies.clear()
        client.user_id = UUID(signup.json()["user"]["id"])
        client.email = email
        client.password = password
        client.use(login.json())
        yield client
