"""`di explain`: the plan of a route or type as a tree and as the source that runs."""

import json
from pathlib import Path

from tests.command.conftest import SHOP, Run


def line_of(text: str) -> int:
    return SHOP.splitlines().index(text) + 1


def test_route_is_explained_as_a_tree_and_as_commented_source(run: Run) -> None:
    result = run("explain", "shop:app", "GET /stock/{item}")
    assert result.code == 0
    tree, source = result.out.split("\n\n", 1)
    assert tree.splitlines()[1:] == [
        f"└── Stock (scoped, shop.py:{line_of('class Stock:')})",
        f"    ├── Session (scoped, shop.py:{line_of('class Session: ...')})",
        f"    └── Orders (scoped, shop.py:{line_of('class Orders:')})",
        f"        ├── Session (scoped, shop.py:{line_of('class Session: ...')})",
        f"        └── Mailer (singleton, external, shop.py:{line_of('class Mailer:')})",
        f"            └── Settings (singleton, shop.py:{line_of('class Settings: ...')})",
    ]
    lines = source.splitlines()
    assert lines[0] == "# the plan of GET /stock/{item}"
    assert lines[1].startswith("# s0: Mailer (singleton, shop.py:")
    assert lines[2:4] == [
        "# stands in the place of stock; `values` are its other parameters",
        "async def injected(**values):",
    ]
    assert lines[-2:] == ["    # stock is called with what was built", "    return await function(v2)"]


def test_the_source_that_is_shown_is_the_one_that_runs(run: Run) -> None:
    shown = [
        line
        for line in run("explain", "shop:app", "/orders").out.split("# the plan of ")[1].splitlines()[1:]
        if not line.lstrip().startswith("#")
    ]
    value = json.loads(run("explain", "shop:app", "/orders", "--format", "json").out)
    (plan,) = value["plans"]
    assert (value["schema"], value["of"]) == ("di-explain/1", "POST /orders")
    assert plan["source"].splitlines() == shown
    assert len(plan["comments"]) == len(shown)


def test_a_branch_that_was_shown_is_not_shown_again(run: Run, folder: Path) -> None:
    (folder / "diamond.py").write_text(
        "from di import Container\n"
        "class End: ...\n"
        "class Low:\n    def __init__(self, end: End) -> None: ...\n"
        "class One:\n    def __init__(self, low: Low) -> None: ...\n"
        "class Two:\n    def __init__(self, low: Low) -> None: ...\n"
        "class Top:\n    def __init__(self, one: One, two: Two) -> None: ...\n"
        "container = Container()\n"
        "for each in (End, Low, One, Two, Top):\n    container.scoped(each)\n"
    )
    out = run("explain", "diamond:container", "Top").out
    assert out.count("End (scoped") == 2  # in the tree, and in the source
    assert "Low (scoped, diamond.py:3), as above" in out
    assert "# the plan of Top" in out


def test_a_websocket_and_a_type_have_the_plans_of_what_is_asked_for(run: Run) -> None:
    assert "# the plan of Stock" in run("explain", "shop:app", "/live").out
    out = run("explain", "shop:app", "Settings").out
    assert "there is nothing to build" in out


def test_what_cannot_be_planned_is_one_message(run: Run, folder: Path) -> None:
    (folder / "hole.py").write_text(
        "from di import Container\n"
        "class Gateway: ...\n"
        "class Orders:\n    def __init__(self, gateway: Gateway) -> None: ...\n"
        "container = Container()\n"
        "container.scoped(Orders)\n"
    )
    result = run("explain", "hole:container", "Orders")
    assert result.code == 2
    assert result.err.startswith("di: ")
    assert "Gateway" in result.err
    assert "Traceback" not in result.err
