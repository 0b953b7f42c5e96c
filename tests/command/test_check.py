"""Promises D1 to D3 at the command line: `di check` and the baseline file."""

import json
from pathlib import Path

import pytest

from tests.command.conftest import Run

TROUBLE = """
class Lost: ...
class Cache:
    def __init__(self, session: Session) -> None: ...
class Digest:
    def __init__(self, lost: Lost) -> None: ...

container.singleton(Cache)
container.scoped(Digest)
with_trouble = make_app(container)
"""


@pytest.fixture
def trouble(folder: Path) -> Path:
    (folder / "shop.py").write_text((folder / "shop.py").read_text() + TROUBLE)
    return folder


def test_d3_a_sound_graph_is_one_line_and_0(run: Run) -> None:
    result = run("check", "shop:app")
    assert (result.code, result.out) == (0, "6 providers, 3 routes, 1 other root: no problems\n")


def test_d3_problems_are_listed_with_their_path_and_1(run: Run, trouble: Path) -> None:
    result = run("check", "shop:with_trouble")
    assert result.code == 1
    assert "1. captive-dependency: Captive dependency: singleton Cache would keep scoped Session" in result.out
    assert "2. missing-provider: Lost has no provider, but Digest (scoped, shop.py:" in result.out
    assert "   -> registration of Digest\n     -> Digest (scoped, shop.py:" in result.out
    assert "warning: Cache (shop.py:" in result.out
    assert result.out.endswith("2 problems, 2 warnings\n")
    assert str(trouble) not in result.out


def test_d3_problems_for_github_stand_beside_their_lines(run: Run, trouble: Path) -> None:
    lines = run("check", "shop:with_trouble", "--format", "github").out.splitlines()
    source = (trouble / "shop.py").read_text().splitlines()
    place = source.index("container.singleton(Cache)") + 1
    assert lines[0].startswith(f"::error file=shop.py,line={place},title=captive-dependency::Captive dependency: ")
    assert "%0A   -> registration of Cache" in lines[0]
    assert sum(line.startswith("::error ") for line in lines) == 2
    assert sum(line.startswith("::warning file=shop.py,line=") for line in lines) == 2


def test_d3_what_a_route_lacks_stands_beside_the_route(run: Run, folder: Path) -> None:
    (folder / "asks.py").write_text(
        "from shop import deps, make_container\nfrom fastapi import FastAPI\napp = FastAPI()\nclass Lost: ...\n"
        "@app.get('/lost')\nasync def lost(lost=deps.depends(Lost)): ...\n"
        "deps.install(app, make_container())\n"
    )
    line = run("check", "asks:app", "--format", "github").out.splitlines()[0]
    assert line.startswith("::error file=asks.py,line=5,title=missing-provider::Lost has no provider, but GET /lost > ")


def test_d3_problems_for_programs(run: Run, trouble: Path) -> None:
    value = json.loads(run("check", "shop:with_trouble", "--format", "json").out)
    assert value["schema"] == "di-check/1"
    assert [each["kind"] for each in value["problems"]] == ["captive-dependency", "missing-provider"]
    assert value["problems"][1]["concerns"] == ["shop.Digest", "shop.Lost"]
    assert value["problems"][1]["registered"]["file"] == "shop.py"
    assert value["unused"] == ["shop.Cache", "shop.Digest"]


def test_d2_a_baseline_is_written_and_then_accepts(run: Run, trouble: Path) -> None:
    written = run("check", "shop:with_trouble", "--baseline", "known.toml", "--write-baseline")
    assert (written.code, written.out) == (0, "known.toml: 2 problems accepted, 2 added, 0 removed\n")
    result = run("check", "shop:with_trouble", "--baseline", "known.toml")
    assert result.code == 0
    assert "2 problems accepted by known.toml\n" in result.out
    assert result.out.endswith("no problems, 2 warnings\n")


def test_d2_a_stale_entry_fails_the_check(run: Run, trouble: Path) -> None:
    run("check", "shop:with_trouble", "--baseline", "known.toml", "--write-baseline")
    result = run("check", "shop:app", "--baseline", "known.toml")
    assert result.code == 1
    assert (
        "stale entry of known.toml accepts nothing any more: missing-provider: shop.Digest -> shop.Lost" in result.out
    )
    github = run("check", "shop:app", "--baseline", "known.toml", "--format", "github").out
    assert github.startswith("::error title=stale baseline entry::")
    again = run("check", "shop:app", "--baseline", "known.toml", "--write-baseline")
    assert again.out == "known.toml: 0 problems accepted, 0 added, 2 removed\n"
    assert run("check", "shop:app", "--baseline", "known.toml").code == 0


def test_d2_the_baseline_an_application_was_installed_with_is_found(run: Run, trouble: Path) -> None:
    text = (trouble / "shop.py").read_text().replace("roots=[Sweeper]", "roots=[Sweeper], baseline='known.toml'")
    (trouble / "shop.py").write_text(text)
    assert run("check", "shop:with_trouble", "--write-baseline").code == 0
    assert run("check", "shop:with_trouble").code == 0


def test_d2_a_baseline_can_be_configured(run: Run, trouble: Path) -> None:
    (trouble / "pyproject.toml").write_text('[tool.di]\ntarget = "shop:with_trouble"\nbaseline = "known.toml"\n')
    assert run("check", "--write-baseline").code == 0
    assert run("check").code == 0


def test_d2_a_baseline_that_is_missing_or_unnamed_is_a_usage_error(run: Run) -> None:
    missing = run("check", "shop:app", "--baseline", "none.toml")
    assert missing.code == 2
    assert missing.err.startswith("di: Baseline none.toml cannot be used: No such file or directory. Write it anew")
    unnamed = run("check", "shop:app", "--write-baseline")
    assert (unnamed.code, unnamed.err.startswith("di: Which file? Give --baseline FILE")) == (2, True)
    unwritable = run("check", "shop:app", "--write-baseline", "--baseline", "no/folder.toml")
    assert (unwritable.code, unwritable.err) == (
        2,
        "di: no/folder.toml cannot be written: No such file or directory.\n",
    )
