"""`aurastream serve` as a person meets it: a line with an address, Ctrl-C, crashes, and what may be in its way."""

import socket
from pathlib import Path

import httpx
import pytest

from backend.commands.seed import EMAIL, PASSWORD
from tests.runtime.conftest import Run
from tests.support.commands import Command, processes_in, wait_for

pytestmark = pytest.mark.timeout(180)  # whole starts, also on a busy machine

READY = r"^AuraStream is ready: (http://127\.0\.0\.1:\d+)/docs"


def start(run: Run, *options: str) -> tuple[Command, str]:
    """Serve on any free port and wait for the address."""
    command = run("serve", "--port", "0", *options)
    return command, command.until(READY)[1]


def log_in(address: str) -> httpx.Response:
    login = {"email": EMAIL, "password": PASSWORD}
    return httpx.post(f"{address}/api/v1/auth/login", json=login, timeout=20)


def test_serve_starts_serves_stops_and_keeps_its_data(run: Run, folder: Path) -> None:
    first, address = start(run)
    assert httpx.get(f"{address}/docs").status_code == 200
    assert run("seed").wait() == 0
    first.interrupt()
    assert first.wait() == 0
    assert max(map(len, first.lines)) <= 80 + len(str(folder))
    assert processes_in(folder) == []
    assert list((folder / "data" / "run").iterdir()) == []
    assert not (folder / "data" / "lock").exists()

    _, address = start(run)
    assert log_in(address).status_code == 200


@pytest.mark.usefixtures("used_folder")
def test_killed_serve_leaves_no_process(run: Run, folder: Path) -> None:
    command, _ = start(run)
    command.kill()
    wait_for(lambda: not processes_in(folder))


def test_port_in_use_is_one_line_that_names_it(run: Run, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = run("serve", "--port", str(port))
        assert command.wait() == 1
    assert len(command.lines) == 1
    assert f"port {port} of 127.0.0.1 is in use" in command.lines[0]
    assert "--port" in command.lines[0]
    assert not (folder / "data").exists()


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("DATABASE_URL", "postgresql://ada:pass-word@127.0.0.1:1/stream"),
        ("REDIS_URL", "redis://:pass-word@127.0.0.1:1/0"),
    ],
)
@pytest.mark.usefixtures("used_folder")
def test_unreachable_server_is_one_line_without_its_password(run: Run, name: str, address: str) -> None:
    command = run("serve", "--port", "0", settings={name: address})
    assert command.wait() == 1
    assert command.lines[-1].startswith("aurastream: cannot use the ")
    assert "127.0.0.1:1" in command.lines[-1]
    assert name in command.lines[-1]
    assert "pass-word" not in command.output
    assert "Traceback" not in command.output


@pytest.mark.usefixtures("used_folder")
def test_production_makes_up_no_secret(run: Run) -> None:
    command = run("serve", "--port", "0", settings={"ENVIRONMENT": "production"})
    assert command.wait() == 1
    assert "JWT_SECRET_KEY: is not set" in command.output
    assert "Traceback" not in command.output


@pytest.mark.parametrize("command", ["serve", "worker", "migrate", "seed", "embedded"])
def test_every_command_explains_itself(run: Run, command: str) -> None:
    asked = run(command, "--help")
    assert asked.wait() == 0
    assert f"usage: aurastream {command}" in asked.output
