"""Promise D3: what is drawn together, and in which order."""

from dataclasses import replace

from di._command.grouping import group_nodes, rank_groups
from di._graph_view import GraphEdge, GraphNode
from di._sources import Place


def node(
    module: str, name: str, *, lifetime: str = "scoped", file: str | None = None, external: bool = False
) -> GraphNode:
    written = file if file is not None else f"/app/{module.replace('.', '/')}.py"
    return GraphNode(
        f"{module}.{name}", name, module, lifetime, "call", source=Place(written, 1), external=external
    )  # fmt: skip


def labels(nodes: list[GraphNode]) -> list[str]:
    return [group.label for group in group_nodes(nodes, [])]


def test_d3_a_module_of_three_is_a_group_and_smaller_ones_join_their_package() -> None:
    nodes = [*(node("shop.orders", name) for name in "ABC"), node("shop.mail.smtp", "D"), node("shop.mail.text", "E")]
    assert labels(nodes) == ["shop.orders"] * 3 + ["shop"] * 2


def test_d3_a_type_of_somebody_else_stands_where_its_provider_is_written() -> None:
    nodes = [
        *(node("shop.clients", name) for name in "ABC"),
        node("redis.client", "Redis", file="/app/shop/clients.py"),
        node("ssl", "SSLContext", file="/usr/lib/ssl.pyi"),
    ]
    assert labels(nodes) == ["shop.clients"] * 4 + ["ssl"]


def test_d3_what_the_layer_registers_itself_stands_at_the_end() -> None:
    (group,) = group_nodes([replace(node("starlette.requests", "Request"), built_in=True)], [])
    assert (group.label, group.side) == ("di and middleware", "clients")


def test_d3_very_many_modules_are_drawn_by_package() -> None:
    nodes = [node(f"shop.area{area % 9}.module{area}", name) for area in range(90) for name in "ABC"]
    assert len(set(labels(nodes))) == 9


def test_d3_very_many_packages_at_the_top_stay_as_they_are() -> None:
    nodes = [node(f"package{number}", "A") for number in range(90)]
    assert len(set(labels(nodes))) == 90


def test_d3_clients_are_singletons_at_the_end_and_what_is_external() -> None:
    settings = node("shop.settings", "Settings", lifetime="singleton")
    client = node("shop.clients", "Client", lifetime="singleton")
    gateway = node("shop.clients", "Gateway", external=True)
    session = node("shop.db", "Session")
    service = node("shop.services", "Service", lifetime="singleton")
    edges = [GraphEdge(client.id, settings.id, "s"), GraphEdge(service.id, client.id, "c")]
    sides = [group.side for group in group_nodes([settings, client, gateway, session, service], edges)]
    assert sides == ["clients", "clients", "clients", "services", "services"]


def test_d3_groups_stand_before_what_they_need() -> None:
    needs = [("jobs", "services"), ("services", "db"), ("jobs", "db"), ("services", "mail"), ("mail", "db")]
    assert rank_groups(needs) == ["jobs", "services", "mail", "db"]


def test_d3_groups_in_a_circle_stand_so_that_few_arrows_go_back() -> None:
    needs = [*[("services", "db")] * 5, ("db", "services"), ("db", "db")]
    assert rank_groups(needs) == ["services", "db"]
