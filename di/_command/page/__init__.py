"""The graph as one page for a browser: no network, no server, nothing but a file."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from di._command.grouping import group_nodes, group_roots, rank_groups
from di._graph_view import GraphView, shortened

_SCRIPTS = ("model.js", "layout.js", "drawing.js", "panel.js", "search.js", "main.js")


def to_page(view: GraphView, folder: Path, title: str) -> str:
    """Write the page; places in `folder` become relative to it."""
    here = files(__name__)
    data = _embedded(_data(view, folder, title))
    parts = {
        "<!-- style -->": f"<style>\n{here.joinpath('graph.css').read_text('utf-8')}</style>",
        "<!-- data -->": f'<script type="application/json" id="graph-data">{data}</script>',
        "<!-- script -->": "<script>\n"
        + "\n".join(here.joinpath(name).read_text("utf-8") for name in _SCRIPTS)
        + "</script>",
    }
    page = here.joinpath("graph.html").read_text("utf-8")
    for place, part in parts.items():
        page = page.replace(place, part)
    return page


def _data(view: GraphView, folder: Path, title: str) -> dict[str, Any]:
    data = {"title": title, **view.to_dict(folder)}
    groups = {node.id: group for node, group in zip(view.nodes, group_nodes(view.nodes, view.edges), strict=True)}
    for node in data["nodes"]:
        node.update(group=groups[node["id"]].label, side=groups[node["id"]].side)
    for root, label in zip(data["roots"], group_roots(view.roots), strict=True):
        root.update(group=shortened(label, folder), side="roots")
    inner = {each for each, group in groups.items() if group.side == "services"}
    needs = [(edge.source, edge.target) for edge in view.edges if edge.source in inner and edge.target in inner]
    data["order"] = rank_groups((groups[source].label, groups[target].label) for source, target in needs)
    return data


def _embedded(data: Any) -> str:
    """Write JSON that cannot end the element it stands in."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
