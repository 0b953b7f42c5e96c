"""Promise D3: `di why`, `di uses` and `di impact` answer from the graph."""

import json
from pathlib import Path

import pytest

from tests.command.conftest import SHOP, Run

DECORATOR = '    @app.post("/orders")'


def line_of(text: str) -> int:
    return SHOP.splitlines().index(text) + 1


def test_d3_why_shows_every_step_with_its_place(run: Run) -> None:
    result = run("why", "shop:app", "POST /orders", "Settings")
    assert result.code == 0
    assert result.out.splitlines() == [
        "POST /orders needs Settings by 1 shortest way of 3 steps:",
        "",
        f"POST /orders (shop.py:{line_of(DECORATOR)})",
        f"└── Orders (scoped, shop.py:{line_of('class Orders:')})",
        f"    └── Mailer (singleton, external, shop.py:{line_of('class Mailer:')})",
        f"        └── Settings (singleton, shop.py:{line_of('class Settings: ...')})",
    ]


def test_d3_why_finds_every_shortest_way(run: Run, folder: Path) -> None:
    (folder / "diamond.py").write_text(
        "from di import Container\n"
        "class End: ...\n"
        "class One:\n    def __init__(self, end: End) -> None: ...\n"
        "class Two:\n    def __init__(self, end: End) -> None: ...\n"
        "class Long:\n    def __init__(self, one: One) -> None: ...\n"
        "class Middle:\n    def __init__(self, one: One, two: Two, long: Long) -> None: ...\n"
        "class Top:\n    def __init__(self, middle: Middle) -> None: ...\n"
        "container = Container()\n"
        "for each in (End, One, Two, Long, Middle, Top):\n    container.scoped(each)\n"
    )
    value = json.loads(run("why", "diamond:container", "Top", "End", "--format", "json").out)
    assert value["count"] == 2
    assert value["ways"] == [
        ["diamond.Top", "diamond.Middle", "diamond.One", "diamond.End"],
        ["diamond.Top", "diamond.Middle", "diamond.Two", "diamond.End"],
    ]
    assert run("why", "diamond:container", "Top", "End").out.count("Middle") == 1
    limited = run("why", "diamond:container", "Top", "End", "--limit", "1").out
    assert "2 shortest ways of 3 steps" in limited
    assert "and 1 more: --limit 2 shows all." in limited


def test_d3_why_says_when_there_is_no_way_and_when_it_is_the_other_way_round(run: Run) -> None:
    result = run("why", "shop:app", "Session", "Stock")
    assert result.code == 1
    assert result.out == ("Session does not need Stock.\nIt is the other way round: try `di why Stock Session`.\n")
    assert run("why", "shop:app", "Mailer", "Session").out == "Mailer does not need Session.\n"


def test_d3_uses_tells_direct_from_transitive(run: Run) -> None:
    result = run("uses", "shop:app", "Mailer")
    assert result.code == 0
    titles = [line for line in result.out.splitlines() if line and not line.startswith("  ")]
    assert titles[1:] == [
        "needed by:",
        "needed through those by:",
        "3 services need it, 4 routes and other roots reach it; see `di impact Mailer`.",
    ]
    value = json.loads(run("uses", "shop:app", "Mailer", "--format", "json").out)
    assert value["direct"] == ["shop.Orders"]
    assert set(value["through_others"]) == {
        "shop.Stock", "shop.Sweeper", "POST /orders", "GET /stock/{item}", "WEBSOCKET /live", "root Sweeper",
    }  # fmt: skip


def test_d3_impact_names_the_routes_and_the_way_to_each(run: Run) -> None:
    lines = run("impact", "shop:app", "Stock").out.splitlines()
    assert lines[1] == "is reached by 3 of 4 routes and other roots:"
    assert lines[3] == "root Sweeper"
    assert lines[4] == "    through Sweeper"
    assert lines[5].startswith("WEBSOCKET /live (shop.py:")
    assert lines[6] == "    asks for it"
    value = json.loads(run("impact", "shop:app", "Session", "--format", "json").out)
    ways = {each["root"]: each["way"] for each in value["roots"]}
    assert ways["root Sweeper"] == ["root Sweeper", "shop.Sweeper", "shop.Stock", "shop.Session"]
    assert value["all_roots"] == 4


@pytest.mark.parametrize("name", ["POST /orders", "post /orders", "/orders"])
def test_d3_a_route_goes_by_method_and_path_or_by_path(run: Run, name: str) -> None:
    assert run("why", "shop:app", name, "Session").out.startswith("POST /orders needs Session")


@pytest.mark.parametrize("name", ["GET /stock/{item}", "/{item}", "Sweeper"])
def test_d3_a_root_goes_by_the_end_of_its_path_and_types_come_first(run: Run, name: str) -> None:
    assert run("why", "shop:app", name, "Stock").code == 0


def test_d3_a_name_goes_with_its_module_when_it_is_ambiguous(run: Run, folder: Path) -> None:
    (folder / "one.py").write_text("class Client: ...\n")
    (folder / "two.py").write_text("class Client: ...\n")
    (folder / "both.py").write_text(
        "import one, two\nfrom di import Container\n"
        "container = Container()\ncontainer.scoped(one.Client)\ncontainer.scoped(two.Client)\n"
    )
    result = run("uses", "both:container", "Client")
    assert result.code == 2
    assert result.err == "di: 'Client' is the name of 2; say which:\n  one.Client\n  two.Client\n"
    assert run("uses", "both:container", "two.Client").code == 0


def test_d3_an_unknown_name_gives_close_ones(run: Run) -> None:
    result = run("uses", "shop:app", "Sesion")
    assert result.code == 2
    assert "Nothing in the graph is called 'Sesion'. Did you mean Session?" in result.err
    assert run("why", "shop:app", "POST orders", "Stock").code == 2
    assert "Did you mean POST /orders?" in run("why", "shop:app", "POST /order", "Stock").err
