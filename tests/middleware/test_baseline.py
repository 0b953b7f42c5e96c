"""Promise D2 with an application: it serves what works while known problems are being solved."""

from pathlib import Path
from typing import Annotated

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from di import Container, errors
from middleware import Deps


class Mailer: ...


class Newsletter:
    def __init__(self, mailer: Mailer) -> None: ...


class Clock: ...


ENTRY = f"""
version = 1
[[accepted]]
problem = "missing-provider"
concerns = ["{__name__}.Newsletter", "{__name__}.Mailer"]
"""


def make_app(baseline: Path) -> FastAPI:
    deps, app, container = Deps(), FastAPI(), Container()
    container.singleton(Clock)
    container.singleton(Newsletter)
    deps.install(app, container, baseline=baseline)

    @app.get("/clock")
    async def clock(clock: Annotated[Clock, deps.depends(Clock)]) -> str:
        return type(clock).__name__

    @app.get("/newsletter")
    async def newsletter(newsletter: Annotated[Newsletter, deps.depends(Newsletter)]) -> str:
        return type(newsletter).__name__

    return app


def test_d2_an_application_starts_with_accepted_problems_and_serves_the_rest(tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.toml"
    baseline.write_text(ENTRY)
    client = TestClient(make_app(baseline))
    with pytest.warns(errors.AcceptedProblemsWarning):
        client.__enter__()
    assert client.get("/clock").json() == "Clock"
    with pytest.raises(errors.MissingProviderError):
        client.get("/newsletter")
    client.__exit__()


def test_d2_an_application_does_not_start_with_a_new_problem(tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.toml"
    baseline.write_text("version = 1\n")
    with pytest.raises(errors.GraphError), TestClient(make_app(baseline)):
        pass


def test_d2_an_application_reports_stale_entries_when_it_starts(tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.toml"
    baseline.write_text(ENTRY + '[[accepted]]\nproblem = "cycle"\nconcerns = ["a.A", "a.B"]\n')
    with (
        pytest.warns(errors.AcceptedProblemsWarning),
        pytest.warns(errors.StaleBaselineWarning, match=r"cycle: a\.A -> a\.B"),
        TestClient(make_app(baseline)),
    ):
        pass
