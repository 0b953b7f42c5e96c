"""Generated accessors and handlers answer the same, and build the same things in the same order, when migrated."""

import importlib
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings

from di.migration._rewrite.changes import write_all
from tests.migration.generated_code import Application, applications
from tests.migration.migrating import plan

_NUMBERS = itertools.count()
_QUERIES: tuple[dict[str, str], ...] = ({}, {"q": "1"}, {"q": "x"}, {"n": "1"}, {"n": "x", "q": "2"})


@pytest.fixture
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("generated_"):
            del sys.modules[name]


def write(folder: Path, application: Application, package: str) -> Path:
    root = folder / f"root_{package}"
    target = root / package
    target.mkdir(parents=True)
    (target / "__init__.py").write_text("", encoding="utf-8")
    for name, source in (("services", application.services), ("routes", application.routes)):
        (target / f"{name}.py").write_text(source.replace("PACKAGE", package), encoding="utf-8")
    return root


def behaviour(root: Path, package: str, handlers: int) -> list[Any]:
    """Ask every handler in many ways and return everything that can be noticed."""
    sys.path.insert(0, str(root))
    try:
        importlib.invalidate_caches()
        routes = importlib.import_module(f"{package}.routes")
        services: Any = importlib.import_module(f"{package}.services")
    finally:
        sys.path.remove(str(root))
    client = TestClient(routes.app, raise_server_exceptions=False)
    noticed: list[Any] = [routes.app.openapi()["paths"]]
    for configured in (False, True):
        services.configured = configured
        for number, query, headers in itertools.product(range(handlers), _QUERIES, ({}, {"token": "t"})):
            response = client.get(f"/{number}", params=query, headers=headers)
            noticed.append((number, response.status_code, response.text, list(services.events)))
    return noticed


@pytest.mark.parametrize("style", ["depends", "container"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(application=applications())
def test_nothing_that_can_be_noticed_changes(style: str, application: Application, importable: Path) -> None:
    number = next(_NUMBERS)
    before, after = f"generated_{number}_before", f"generated_{number}_after"
    write(importable, application, before)
    root = write(importable, application, after)
    write_all(plan(root, "--style", style).changes)
    assert plan(root, "--style", style).changes == ()
    expected = behaviour(importable / f"root_{before}", before, application.handlers)
    assert behaviour(root, after, application.handlers) == expected
