"""Requests whose connection to PostgreSQL or Valkey is lost at any of their messages.

Each request is repeated with the loss one message later, until it gets by without one. Every answer in between is its
usual one, where a new connection could be taken instead, or 503: never 500, and nothing is wrong with the next request.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from backend.settings import Settings
from tests.conftest import MakeSettings, SignUp
from tests.support.accounts import API, SignedIn, signup_body
from tests.support.failing_servers import FailingPostgres, FailingServer, FailingValkey, Loss
from tests.support.jobs import png

KIT: dict[str, Any] = {
    "name": "Night Shift",
    "primary_colors": ["#7C3AED"],
    "fonts": {"headline": "Montserrat", "body": "Inter"},
}
JOB: dict[str, Any] = {"asset_type": "thumbnail", "custom_prompt": "Ranked grind, road to Diamond"}
MOST_MESSAGES = 200


@dataclass(frozen=True)
class Step:
    """One request; braces name what belongs to the person who makes it."""

    method: str
    path: str
    status: int = 200
    json: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    ends_session: bool = False


STEPS = {
    "sign up": Step("POST", "/auth/signup", 201, signup_body("{email}.new")),
    "log in": Step("POST", "/auth/login", 200, {"email": "{email}", "password": "{password}"}),
    "refuse a log in": Step("POST", "/auth/login", 401, {"email": "{email}", "password": "Wrong-Horse-7-Battery"}),
    "refresh": Step("POST", "/auth/refresh", 200, {"refresh_token": "{refresh_token}"}),
    "log out": Step("POST", "/auth/logout-all", ends_session=True),
    "delete account": Step(
        "DELETE", "/auth/me", 200, {"password": "{password}", "confirmation": "DELETE"}, ends_session=True
    ),
    "create a kit": Step("POST", "/brand-kits", 201, KIT),
    "delete a kit": Step("DELETE", "/brand-kits/{kit_id}", 204),
    "upload a logo": Step(
        "POST",
        "/brand-kits/{kit_id}/logos",
        201,
        options={"data": {"logo_type": "primary"}, "files": {"file": ("logo.png", png(64, 64), "image/png")}},
    ),
    "request a picture": Step("POST", "/generate", 201, JOB, {"headers": {"Idempotency-Key": "{key}"}}),
    "cancel a job": Step("POST", "/jobs/{job_id}/cancel", 202),
    "read usage": Step("GET", "/usage/status"),
}


@pytest.fixture
async def failing(database_url: str) -> AsyncIterator[FailingPostgres]:
    async with FailingPostgres(database_url).listening() as failing:
        yield failing


@pytest.fixture
async def failing_valkey(redis_url: str) -> AsyncIterator[FailingValkey]:
    async with FailingValkey(redis_url).listening() as failing:
        yield failing


@pytest.fixture
def settings(make_settings: MakeSettings, failing: FailingPostgres, failing_valkey: FailingValkey) -> Settings:
    return make_settings(database_url=failing.url, redis_url=failing_valkey.url, rate_limiting_enabled=False)


async def owned(person: SignedIn, step: Step) -> dict[str, str]:
    """Name what a person has; give it the brand kit or the job that the step needs."""
    names = {"email": person.email, "password": person.password, "refresh_token": person.tokens["refresh_token"]}
    names["key"] = uuid4().hex
    for name, path, body in (("kit_id", "/brand-kits", KIT), ("job_id", "/generate", JOB)):
        if f"{{{name}}}" in step.path:
            names[name] = (await person.post(API + path, json=body)).raise_for_status().json()["id"]
    return names


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """Write what belongs to the person where braces name it."""
    if isinstance(value, str):
        return value.format_map(names)
    if isinstance(value, Mapping):
        return {name: filled(each, names) for name, each in value.items()}
    return value


async def answers_with_losses(server: FailingServer, sign_up: SignUp, step: Step, loss: Loss) -> AsyncIterator[int]:
    """Yield a request's statuses, its connection lost at each message in turn, and at last at none."""
    for message in range(MOST_MESSAGES):
        person = await sign_up(f"ada-{message}@example.com")
        names = await owned(person, step)
        server.lose(loss, message)
        answer = await person.request(
            step.method, API + filled(step.path, names), json=filled(step.json, names), **filled(step.options, names)
        )
        got_by = not server.lost
        server.keep()
        assert answer.status_code in {step.status, 503}, f"message {message}: {answer.text}"
        yield answer.status_code
        if got_by:
            return
        next_answer = await person.get(f"{API}/brand-kits")
        assert next_answer.status_code in ({200, 401} if step.ends_session else {200}), f"after message {message}"


@pytest.mark.parametrize("loss", Loss, ids=[loss.name.lower() for loss in Loss])
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
async def test_lost_connection_to_postgres_is_replaced_or_unavailability(
    failing: FailingPostgres, sign_up: SignUp, step: Step, loss: Loss
) -> None:
    answers = [status async for status in answers_with_losses(failing, sign_up, step, loss)]

    assert answers[-1] == step.status
    assert 503 in answers


@pytest.mark.parametrize("name", ["log in", "refresh", "log out", "request a picture"])
async def test_lost_connection_to_valkey_is_replaced(failing_valkey: FailingValkey, sign_up: SignUp, name: str) -> None:
    """A command that is sent again was perhaps obeyed before: a refresh must not look like a replayed token."""
    step = STEPS[name]
    answers = [status async for status in answers_with_losses(failing_valkey, sign_up, step, Loss.UNTOLD)]

    assert len(answers) > 2
    assert set(answers) == {step.status}
