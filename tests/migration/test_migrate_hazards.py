"""Each hazard of the corpus: what moves, what stays and why, and its own tests pass as they did before."""

import ast
from pathlib import Path

import pytest

from tests.migration.migrating import contents, copy, migrate, plan, run_own_tests
from tests.migration.test_hazards import HAZARDS

STYLES = ("depends", "container")
NAMES = [each.name for each in HAZARDS]

# The calls that stay, by file and line, and a part of the reason. All others move.
STAYING = {
    "hazard_annotations": {},
    "hazard_collisions": {},
    "hazard_decorated": {42: "@hidden may not hand new parameters through"},
    "hazard_direct_calls": {21: "it hands the function on"},
    "hazard_docstrings": {},
    "hazard_guarded_calls": {
        26: "the body does not begin with it",
        33: "the body does not begin with it",
        40: "the body does not begin with it",
    },
    "hazard_nested_handlers": {},
    "hazard_odd_calls": {
        10: "replaced while the application runs",
        16: "replaced while the application runs",
        30: "replaced while the application runs",
        36: "called with arguments",
    },
    "hazard_patches": {},
    "hazard_plain_calls": {10: "also called, or handed on, as a plain function"},
    "hazard_raising_in_try": {11: "stands in a try or with block"},
    "hazard_signatures": {},
    "hazard_streams": {},
    "hazard_threads": {},
}


@pytest.mark.parametrize("name", NAMES)
def test_what_stays_is_listed_with_its_reason(name: str, tmp_path: Path) -> None:
    found = {each.call.line: each.reason for each in plan(copy(name, tmp_path)).plan.kept}
    assert found.keys() == STAYING[name].keys()
    for line, reason in STAYING[name].items():
        assert reason in found[line]


@pytest.mark.parametrize("style", STYLES)
def test_every_hazard_passes_its_own_tests_when_migrated(
    style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [copy(name, tmp_path) for name in NAMES]
    for folder in folders:
        migrate(folder, capsys, "--style", style)
    finished = run_own_tests(folders)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("style", STYLES)
def test_migrating_twice_is_migrating_once(
    name: str, style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy(name, tmp_path)
    migrate(folder, capsys, "--style", style)
    once = contents(folder)
    assert migrate(folder, capsys, "--style", style)["files"] == []
    assert contents(folder) == once


@pytest.mark.parametrize("name", NAMES)
def test_files_that_hold_no_moved_call_are_not_touched(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy(name, tmp_path)
    before = contents(folder)
    migrate(folder, capsys)
    after = contents(folder)
    changed = {each for each in before if before[each] != after[each]}
    assert all(each.endswith("routes.py") or each == "tests/test_direct_calls.py" for each in changed)
    assert {each for each in after if each not in before} <= {f"{name.removeprefix('hazard_')}/service_dependencies.py"}


@pytest.mark.parametrize("name", NAMES)
def test_no_comment_is_lost(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = copy(name, tmp_path)
    routes = folder / name.removeprefix("hazard_") / "routes.py"
    before = [line.partition("#")[2] for line in routes.read_text(encoding="utf-8").splitlines() if "#" in line]
    migrate(folder, capsys)
    text = routes.read_text(encoding="utf-8")
    assert all(comment in text for comment in before)
    ast.parse(text)
