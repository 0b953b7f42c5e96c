"""Each package of the corpus says in comments what an audit of it must find: nothing is missed, nothing invented."""

from pathlib import Path
from typing import Any

import pytest

from di.migration._json import to_json
from di.migration.audit import audit_path
from tests.migration.expectations import Expected, expected_of
from tests.migration.migrating import CORPUS

PACKAGES = sorted(each.name for each in CORPUS.iterdir() if each.is_dir())


@pytest.fixture(params=PACKAGES)
def package(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[Expected, dict[str, Any]]:
    root = CORPUS / request.param
    monkeypatch.chdir(root)
    return expected_of(root), to_json(audit_path(Path()))


def test_every_accessor_is_found_and_none_invented(package: tuple[Expected, dict[str, Any]]) -> None:
    expected, found = package
    accessors = {
        (
            each["file"],
            each["line"],
            each["name"],
            each["kind"],
            tuple(sorted(each["classes"])),
            tuple(each["parameters"]),
            tuple(each["eager"]),
            tuple(each["lazy"]),
        )
        for each in found["accessors"]
    }
    assert accessors == expected.accessors


def test_every_call_is_found_with_its_context_and_none_invented(package: tuple[Expected, dict[str, Any]]) -> None:
    expected, found = package
    calls = sorted((each["file"], each["line"], each["accessor"], each["context"]) for each in found["calls"])
    assert calls == expected.calls


def test_every_reset_is_found(package: tuple[Expected, dict[str, Any]]) -> None:
    expected, found = package
    assert {(each["file"], each["line"], each["accessor"]) for each in found["resets"]} == expected.resets
