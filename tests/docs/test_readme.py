"""The README's Python blocks, run as they stand."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException

from di import Container, Scope
from middleware import Deps

README = Path(__file__).parents[2] / "README.md"


class Payments:
    def accept(self) -> bool:
        return False


class AcceptingPayments(Payments):
    def accept(self) -> bool:
        return True


class Session:
    def __init__(self) -> None:
        self.log: list[str] = []

    async def commit(self) -> None:
        self.log.append("commit")

    async def rollback(self) -> None:
        self.log.append("rollback")


class Database:
    def __init__(self) -> None:
        self.sessions: list[Session] = []

    def session(self) -> Session:
        self.sessions.append(Session())
        return self.sessions[-1]


class OrderService:
    def __init__(self, session: Session, payments: Payments) -> None:
        self.session = session
        self.payments = payments

    async def place(self) -> str:
        if not self.payments.accept():
            raise HTTPException(402)
        return "placed"


async def connect() -> Database:
    return Database()


@pytest.fixture
def readme() -> dict[str, Any]:
    """Run the blocks in one namespace: the generator before the container that names it."""
    namespace: dict[str, Any] = {
        "Annotated": Annotated,
        "AcceptingPayments": AcceptingPayments,
        "AsyncIterator": AsyncIterator,
        "Container": Container,
        "Database": Database,
        "Deps": Deps,
        "OrderService": OrderService,
        "Payments": Payments,
        "Scope": Scope,
        "Session": Session,
        "app": FastAPI(),
        "connect": connect,
    }
    wiring, generator, test = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    for block in (generator, wiring, test):
        exec(compile(block, str(README), "exec"), namespace)
    namespace["container"].singleton(Payments)
    return namespace


@pytest.fixture
async def client(readme: dict[str, Any]) -> AsyncIterator[httpx.AsyncClient]:
    app = readme["app"]
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        yield client


async def test_readme_override_reaches_the_route(readme: dict[str, Any], client: httpx.AsyncClient) -> None:
    await readme["test_order_is_placed_when_payment_accepts"](readme["container"], client)
    assert readme["container"][Database].sessions[-1].log == ["commit"]


async def test_readme_session_is_rolled_back_when_the_route_raises(
    readme: dict[str, Any], client: httpx.AsyncClient
) -> None:
    assert (await client.post("/orders")).status_code == 402
    assert readme["container"][Database].sessions[-1].log == ["rollback"]


def test_readme_shows_scoped_injection_in_about_ten_lines() -> None:
    wiring = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[0]
    assert len([line for line in wiring.splitlines() if line.strip()]) <= 10
