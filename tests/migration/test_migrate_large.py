"""The generated backend: at least 95 of 100 calls in handlers move, and its tests and answers stay the same."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.migration.large_code_base import Generator
from tests.migration.migrating import migrate, run_own_tests

ASK_EVERYTHING = """
from fastapi.testclient import TestClient
from shop.main import app

client = TestClient(app, raise_server_exceptions=False)
for path in sorted(app.openapi()["paths"]):
    for query in ("", "?limit=200", "?limit=x"):
        response = client.get(path + query)
        print(path, query, response.status_code, response.text)
"""


def answers(folder: Path) -> str:
    """Ask every route in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-c", ASK_EVERYTHING]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=120).stdout


def test_nearly_all_calls_move_and_nothing_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = Generator(tmp_path, accessors=40, calls=120, patches=180, lines=6_000).write()
    before = answers(tmp_path)
    assert before.count("\n") == 3 * 120
    report = migrate(tmp_path, capsys)
    routes = [each for each in truth.calls if each[3] == "route"]
    assert len(report["moved"]) + len(report["kept"]) == len(routes) == 120
    assert len(report["moved"]) >= 0.95 * len(routes)
    assert all(each["reason"] for each in report["kept"])
    assert answers(tmp_path) == before
    finished = run_own_tests([tmp_path])
    assert finished.returncode == 0, finished.stdout
    assert int(finished.stdout.rsplit(" passed", 1)[0].split()[-1]) >= truth.patches
