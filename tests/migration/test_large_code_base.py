"""The generated backend: counts are exact. Time and memory are measured by `python -m benchmarks.audit`."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from di.migration._json import to_json
from di.migration.audit import audit_path
from tests.migration.large_code_base import Generator, Truth


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Truth, dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("large")
    truth = Generator(folder, accessors=100, calls=400, patches=600, lines=20_000).write()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield truth, to_json(audit_path(folder))


def test_accessors_are_exactly_those_written(generated: tuple[Truth, dict[str, Any]]) -> None:
    truth, found = generated
    assert len(truth.accessors) == 100
    assert {
        (each["file"], each["line"], each["name"], each["kind"], ",".join(each["classes"]))
        for each in found["accessors"]
    } == truth.accessors


def test_calls_are_exactly_those_written(generated: tuple[Truth, dict[str, Any]]) -> None:
    truth, found = generated
    assert sum(context == "route" for *_, context in truth.calls) == 400
    assert (
        sorted((each["file"], each["line"], each["accessor"], each["context"]) for each in found["calls"])
        == truth.calls
    )


def test_resets_and_patches_are_exactly_those_written(generated: tuple[Truth, dict[str, Any]]) -> None:
    truth, found = generated
    assert {(each["file"], each["line"], each["accessor"]) for each in found["resets"]} == truth.resets
    assert sum(each["how"] == "patch-at-use" for each in found["touched"]) == truth.patches == 600


def test_everything_is_read(generated: tuple[Truth, dict[str, Any]]) -> None:
    truth, found = generated
    assert found["unread"] == []
    assert found["summary"]["lines"] >= truth.lines >= 20_000


def test_several_processes_read_the_same(generated: tuple[Truth, dict[str, Any]], tmp_path: Path) -> None:
    _, found = generated
    folder, output = Path.cwd(), tmp_path / "audit.json"
    command = [
        sys.executable,
        "-m",
        "di",
        "audit",
        str(folder),
        "--jobs",
        "2",
        "--format",
        "json",
        "--output",
        str(output),
    ]
    subprocess.run(command, check=True, timeout=120)
    assert json.loads(output.read_text(encoding="utf-8")) == found
