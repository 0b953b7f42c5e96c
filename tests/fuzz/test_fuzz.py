"""Whatever the OpenAPI document allows to send, and much that it does not, gets an answer the document describes.

The number of cases for each operation is bounded and their choice is fixed; `--fuzz-cases=500` looks harder.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend.api.main import create_app
from backend.embedded.throw_away import ThrowAwayServers
from tests.conftest import VALKEY_DATABASES
from tests.support.accounts import PASSWORD, signup_body
from tests.support.isolation import IsolatedSettings, create_database, drop_database
from tests.support.threaded_server import serve_in_thread

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
SECRET = "a-secret-for-tests-only-0123456789abcdef"
STREAMS = frozenset({"/api/v1/jobs/{job_id}/stream"})
CLOSED = "http://127.0.0.1:1"
SIGN_IN: dict[str, Any] = {
    **{f"{name}_client_id": "id" for name in ("google", "twitch", "discord")},
    **{f"{name}_client_secret": "secret" for name in ("google", "twitch", "discord")},
    **{f"{name}_url": CLOSED for name in ("google_token", "google_api", "twitch_id", "twitch_api", "discord")},
}
CASES_AT_A_GUARD = 2
PEOPLE = count()  # of this process, as its server and database are; an object's id comes again


def describe_api() -> dict[str, Any]:
    """Read the document without starting anything."""
    nowhere = IsolatedSettings(
        database_url="postgresql://nobody@127.0.0.1:1/nowhere",
        redis_url="redis://127.0.0.1:1",
        storage_url="file:///nowhere",
        jwt_secret_key=SECRET,
    )
    return create_app(nowhere).openapi()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each operation and each kind of visitor who gets beyond its guard."""
    if "operation" in metafunc.fixturenames:
        paths = describe_api()["paths"]
        operations = [(method, path) for path in paths for method in paths[path]]
        visits = [(each, False) for each in operations]
        visits += [((method, path), True) for method, path in operations if "security" in paths[path][method]]
        names = [f"{method.upper()} {path}{' signed in' * signed_in}" for (method, path), signed_in in visits]
        metafunc.parametrize(("operation", "signed_in"), visits, ids=names)


@dataclass
class Visitor:
    """Send requests as somebody: nobody, or ever new people who own something."""

    base_url: str
    signed_in: bool
    headers: dict[str, str] = field(default_factory=dict)
    owned: dict[str, str] = field(default_factory=dict)

    def renew(self) -> None:
        """Become a new person with a brand kit and a job, if anybody."""
        if not self.signed_in:
            return
        email = f"fuzz{next(PEOPLE)}@example.com"
        with httpx.Client(base_url=f"{self.base_url}/api/v1") as client:
            client.post("/auth/signup", json=signup_body(email)).raise_for_status()
            login = client.post("/auth/login", json={"email": email, "password": PASSWORD}).raise_for_status().json()
            self.headers = {"Authorization": f"Bearer {login['access_token']}"}
            kit = {"name": "Neon", "primary_colors": ["#FF00FF"], "fonts": {"headline": "Inter", "body": "Inter"}}
            made = client.post("/brand-kits", json=kit, headers=self.headers).raise_for_status().json()
            job = {"asset_type": "thumbnail", "custom_prompt": "a castle at night"}
            asked = client.post("/generate", json=job, headers=self.headers).raise_for_status().json()
            self.owned = {"kit_id": made["id"], "job_id": asked["id"]}


@pytest.fixture(scope="module")
def server_url(
    servers: ThrowAwayServers,
    migrated_template: str,
    numbers: Iterator[int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Serve the application, with a database of its own, in a thread."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    admin, name = servers.postgres.url("postgres"), f"fuzz_{next(numbers)}"
    asyncio.run(create_database(admin, name, template=migrated_template))
    settings = IsolatedSettings(
        database_url=servers.postgres.url(name),
        redis_url=servers.valkey.url(next(numbers) % VALKEY_DATABASES),
        storage_url=(folder / "storage").as_uri(),
        mail_folder=str(folder / "mail"),
        jwt_secret_key=SECRET,
        argon2_time_cost=1,
        argon2_memory_kib=8,
        rate_limiting_enabled=False,
        **SIGN_IN,
    )
    with serve_in_thread(create_app(settings)) as url:
        yield url
    asyncio.run(drop_database(admin, name))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Give the document once."""
    return describe_api()


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings(  # the server's thread does, not a strategy
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
def test_every_answer_is_as_documented(
    server_url: str,
    document: dict[str, Any],
    operation: tuple[str, str],
    signed_in: bool,
    mode: GenerationMode,
    fuzz_cases: int,
) -> None:
    method, path = operation
    guarded = "security" in document["paths"][path][method] and not signed_in
    visitor = Visitor(server_url, signed_in)
    visitor.renew()
    schema = schemathesis.openapi.from_dict(document)
    run = explore(visitor, path, CASES_AT_A_GUARD if guarded else fuzz_cases)
    with suppress(Unsatisfiable):  # nothing about this operation can be wrong
        run(schema[path][method.upper()].as_strategy(generation_mode=mode))


def explore(visitor: Visitor, path: str, cases: int) -> Callable[[Any], None]:
    """Send cases of an operation and look at the answers."""

    def run(strategy: Any) -> None:
        @given(case=strategy)
        @hypothesis_settings(
            max_examples=cases,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def send(case: Case[Any]) -> None:
            if path not in STREAMS:
                aim(case, visitor.owned)
            response = case.call(base_url=visitor.base_url, headers=visitor.headers, timeout=20, allow_redirects=False)
            case.validate_response(response, checks=CHECKS)
            if response.status_code >= 400 and case.method != "HEAD":
                check_envelope(response.json(), response.headers)
            if response.status_code == 401 and visitor.signed_in:
                visitor.renew()  # the case logged out, changed the password or deleted the account

        send()

    return run


def aim(case: Case[Any], owned: dict[str, str]) -> None:
    """Let every second valid case meet something that exists."""
    for name, value in owned.items():
        parameters = case.path_parameters or {}
        if name in parameters and len(str(parameters[name])) % 2 == 0:
            parameters[name] = value


def check_envelope(body: Any, headers: Any) -> None:
    """Refuse a failure of any other shape."""
    [request_id] = headers["x-request-id"]
    if not {"error", "request_id"} == set(body) or body["request_id"] != request_id:
        raise Failure(operation="", title="not an envelope", message=str(body))
