"""Promise D3: `container.graph()` describes the whole graph as a value, and builds nothing for it."""

import array
import importlib
import json
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import pytest

from di import Container, Factory, Lazy, Named
from di._graph_view import GraphNode, GraphView
from di._roots import Root

T = TypeVar("T")
HERE = Path(__file__)


class Settings: ...


class Database:
    def __init__(self, settings: Settings) -> None: ...


class Repo(Generic[T]):
    def __init__(self, database: Database) -> None: ...


class Plugin: ...


class Lost: ...


class Service:
    def __init__(
        self,
        users: Repo[int],
        plugins: list[Plugin],
        later: Lazy[Database],
        made: Factory["Report"],
        retries: int = 3,
    ) -> None: ...


class Report:
    def __init__(self, title: str, database: Database) -> None: ...


class Broken:
    def __init__(self, lost: Lost) -> None: ...


def refuse() -> Any:
    raise AssertionError


@pytest.fixture
def container() -> Container:
    container = Container()
    container.singleton(Settings, Settings())
    container.singleton(Database, external=True, eager=False)
    container.scoped(Repo[int])
    container.transient(Plugin, refuse)
    container.transient(Annotated[Plugin, Named("second")], refuse)
    container.transient(Report)
    container.scoped(Service)
    return container


def node(view: GraphView, name: str) -> GraphNode:
    (found,) = (node for node in view.nodes if node.name == name)
    return found


def edges_of(view: GraphView, name: str) -> set[tuple[str, str, str]]:
    names = {each.id: each.name for each in view.nodes}
    return {(edge.parameter, names[edge.target], edge.kind) for edge in view.edges if names[edge.source] == name}


def test_d3_nodes_tell_how_and_where_a_type_is_made(container: Container) -> None:
    view = container.graph()
    database = node(view, "Database")
    assert (database.id, database.module) == (f"{__name__}.Database", __name__)
    assert (database.lifetime, database.kind, database.provider) == ("singleton", "call", "Database")
    assert (database.eager, database.required, database.external) == (False, True, True)
    lines = HERE.read_text().splitlines()
    assert database.source is not None
    assert database.registered is not None
    assert lines[database.source.line - 1] == "class Database:"
    assert "container.singleton(Database" in lines[database.registered.line - 1]
    plugin = node(view, "Annotated[Plugin, Named(name='second')]")
    assert plugin.id == f"Annotated[{__name__}.Plugin, Named(name='second')]"
    assert plugin.provider == "refuse"


def test_d3_edges_tell_how_a_type_is_needed(container: Container) -> None:
    assert edges_of(container.graph(), "Service") == {
        ("users", "Repo[int]", "needs"),
        ("plugins", "Plugin", "collection"),
        ("plugins", "Annotated[Plugin, Named(name='second')]", "collection"),
        ("later", "Database", "lazy"),
        ("made", "Report", "factory"),
    }


def test_d3_what_a_factory_is_handed_is_no_edge(container: Container) -> None:
    assert edges_of(container.graph(), "Report") == {("database", "Database", "needs")}


def test_d3_a_missing_type_is_a_node_of_its_own_and_a_problem(container: Container) -> None:
    container.scoped(Broken)
    view = container.graph()
    assert (node(view, "Lost").kind, node(view, "Lost").lifetime) == ("missing", None)
    (problem,) = view.problems
    assert problem.id == f"missing-provider: {__name__}.Broken -> {__name__}.Lost"
    assert problem.nodes == (node(view, "Broken").id, node(view, "Lost").id)
    assert problem.text.startswith("Lost has no provider")
    assert problem.path[0] == "registration of Broken"


def test_d3_roots_tell_who_asks(container: Container) -> None:
    roots = [
        Root("GET /a", Service, kind="http", method="GET", path="/a", source=f"{HERE}:7"),
        Root("GET /a", Database, kind="http", method="GET", path="/a", source=f"{HERE}:7", via=(f"{HERE}:9",)),
        Root("worker", list[Plugin]),
    ]
    first, second = container.graph(roots).roots
    assert (first.name, first.method, first.path, str(first.source)) == ("GET /a", "GET", "/a", f"{HERE}:7")
    assert [(ask.target, ask.via) for ask in first.asks] == [
        (f"{__name__}.Service", ()),
        (f"{__name__}.Database", (f"{HERE}:9",)),
    ]
    assert {ask.kind for ask in second.asks} == {"collection"}


def test_d3_unused_providers_are_named_when_roots_are_given(container: Container) -> None:
    assert container.graph().unused == ()
    view = container.graph([Database])
    assert f"{__name__}.Service" in view.unused
    assert f"{__name__}.Settings" not in view.unused
    assert any("Service" in warning and "used by no root" in warning for warning in view.warnings)


def test_d3_the_graph_is_had_without_building_or_starting(container: Container) -> None:
    container.scoped(Lost, refuse)
    container.graph([Service, Lost])
    assert not container.started
    assert container.root_layer.singletons == {}


def test_d3_classes_of_one_name_are_told_apart() -> None:
    def make() -> type:
        class Twin: ...

        return Twin

    container = Container()
    container.scoped(make())
    container.scoped(make())
    first, second = container.graph().nodes
    assert second.id == f"{first.id} #2"


def test_d3_json_has_a_version_and_relative_places(container: Container) -> None:
    container.scoped(Broken)
    text = container.graph([Root("GET /a", Service, source=f"{HERE}:7", via=(f"{HERE}:9",))]).to_json(HERE.parent)
    assert str(HERE.parent) not in text
    value = json.loads(text)
    assert value["schema"] == "di-graph/1"
    assert value.keys() == {"schema", "nodes", "edges", "roots", "problems", "unused", "warnings"}
    assert value["roots"][0]["source"] == {"file": HERE.name, "line": 7}


def test_d3_plain_values_keep_whole_places(container: Container) -> None:
    sources = {each["name"]: each["source"] for each in container.graph().to_dict()["nodes"]}
    assert sources["Database"]["file"] == str(HERE)


def test_d3_a_class_whose_file_is_gone_or_broken_has_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    container = Container()
    for name, later in (("gone_module", None), ("broken_module", "class (")):
        path = tmp_path / f"{name}.py"
        path.write_text("class Thing: ...\n")
        container.scoped(importlib.import_module(name).Thing)
        if later is None:
            path.unlink()
        else:
            path.write_text(later)
    assert [each.source for each in container.graph().nodes] == [None, None]


def test_d3_a_part_of_a_graph_knows_its_nodes_and_roots_by_id(container: Container) -> None:
    view = container.graph([Root("GET /a", Service)])
    (root,) = view.roots
    database = next(node for node in view.nodes if node.name == "Database")
    part = view.only({root.id, database.id})
    assert part.named == {root.id: part.roots[0], database.id: database}
    assert part.edges == ()


def test_d3_what_is_written_in_no_file_of_python_has_no_place() -> None:
    container = Container()
    container.scoped(array.array)
    container.scoped(int | array.array, array.array)
    one, other = container.graph().nodes
    assert (one.source, other.source) == (None, None)
    assert other.id == "int | array.array"
