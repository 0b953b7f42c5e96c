"""Promise D3: `di graph` as mermaid and JSON, whole or in part."""

import json
from pathlib import Path

from tests.command.conftest import Run


def test_d3_mermaid_draws_roots_groups_and_needs(run: Run) -> None:
    lines = run("graph", "shop:app").out.splitlines()
    assert lines[0] == "flowchart LR"
    ids = {line.split('["')[1].split('"')[0]: line.split("[")[0].strip(" (") for line in lines if '["' in line}
    assert f'  {ids["POST /orders"]}(["POST /orders"]):::root' in lines
    assert f'    {ids["Mailer"]}["Mailer"]:::singleton' in lines
    assert f"  {ids['POST /orders']} --> {ids['Orders']}" in lines
    assert f"  {ids['Orders']} --> {ids['Mailer']}" in lines
    assert sum(line.startswith("  subgraph ") for line in lines) == sum(line == "  end" for line in lines) > 0


def test_d3_mermaid_marks_problems_and_escapes_names(run: Run, folder: Path) -> None:
    (folder / "odd.py").write_text(
        "from typing import Annotated\nfrom di import Container, Named\n"
        "class Lost: ...\n"
        "class Holder:\n    def __init__(self, lost: Lost) -> None: ...\n"
        "container = Container()\ncontainer.scoped(Holder)\n"
        "container.scoped(Annotated[Holder, Named('a\"<b>#')], Holder)\n"
    )
    out = run("graph", "odd:container").out
    assert '["Holder"]:::problem' in out
    assert '["Lost"]:::problem' in out
    assert "Annotated[Holder, Named(name='a#quot;#lt;b#gt;#35;')]" in out


def test_d3_mermaid_draws_routes_by_file_when_there_are_too_many_arrows(run: Run, folder: Path) -> None:
    (folder / "busy.py").write_text(
        "from fastapi import FastAPI\nfrom shop import Orders, Stock, container, deps\napp = FastAPI()\n"
        "def order(orders=deps.depends(Orders), stock=deps.depends(Stock)): ...\n"
        "for number in range(260):\n    app.get(f'/{number % 3}/{number}')(order)\n"
        "deps.install(app, container)\n"
    )
    result = run("graph", "busy:app")
    assert [line.split('"')[1] for line in result.out.splitlines() if ":::root" in line] == ["/0", "/1", "/2"]
    assert result.err == ""


def test_d3_mermaid_says_when_a_graph_is_too_large_for_it(run: Run) -> None:
    result = run("graph", "tests.command.large:create_app", "--app-dir", str(Path(__file__).parents[2]))
    assert "are more than the 500 that mermaid draws; draw a part with --focus NAME, or use --html." in result.err


def test_d3_json_is_the_value_of_the_graph(run: Run) -> None:
    value = json.loads(run("graph", "shop:app", "--format", "json").out)
    assert value["schema"] == "di-graph/1"
    mailer = next(node for node in value["nodes"] if node["id"] == "shop.Mailer")
    assert mailer["source"]["file"] == "shop.py"
    assert [root["name"] for root in value["roots"]] == [
        "POST /orders", "GET /stock/{item}", "WEBSOCKET /live", "root Sweeper",
    ]  # fmt: skip
    assert [root["kind"] for root in value["roots"]] == ["http", "http", "websocket", "other"]


def test_d3_a_part_can_be_drawn(run: Run) -> None:
    value = json.loads(run("graph", "shop:app", "--format", "json", "--focus", "POST /orders").out)
    assert {node["id"] for node in value["nodes"]} == {"shop.Orders", "shop.Mailer", "shop.Session", "shop.Settings"}
    assert [root["id"] for root in value["roots"]] == ["POST /orders"]
    above = json.loads(run("graph", "shop:app", "--format", "json", "--focus", "Stock").out)
    assert {root["id"] for root in above["roots"]} == {"GET /stock/{item}", "WEBSOCKET /live", "root Sweeper"}


def test_d3_the_page_is_one_file_that_refers_to_nothing(run: Run, folder: Path) -> None:
    assert run("graph", "shop:app", "--html", "--output", "graph.html").out == ""
    page = (folder / "graph.html").read_text()
    assert "http://" not in page
    assert "https://" not in page
    assert "src=" not in page
    assert "default-src 'none'" in page
    assert str(folder) not in page


def test_d3_an_output_that_cannot_be_written_is_one_clear_error(run: Run) -> None:
    result = run("graph", "shop:app", "--output", "no/such/folder.html")
    assert (result.code, result.err) == (2, "di: no/such/folder.html cannot be written: No such file or directory.\n")
