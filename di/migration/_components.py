"""Strongly connected components of a graph: what reaches itself."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

N = TypeVar("N", bound=Hashable)


def strong_components(nodes: Iterable[N], edges: Mapping[N, Iterable[N]]) -> list[list[N]]:
    """Return the groups whose members all reach each other, those that others reach first (Tarjan, no recursion)."""
    index: dict[N, int] = {}
    low: dict[N, int] = {}
    stack: dict[N, None] = {}
    found: list[list[N]] = []
    for root in nodes:
        if root in index:
            continue
        work: list[tuple[N, Iterator[N]]] = []
        entering: N | None = root
        while entering is not None or work:
            if entering is not None:
                index[entering] = low[entering] = len(index)
                stack[entering] = None
                work.append((entering, iter(edges.get(entering, ()))))
            node, below = work[-1]
            entering = None
            for child in below:
                if child not in index:
                    entering = child
                    break
                if child in stack:
                    low[node] = min(low[node], index[child])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    found.append(_pop_component(node, stack))
    return found


def _pop_component(root: N, stack: dict[N, None]) -> list[N]:
    group: list[N] = []
    while not group or group[-1] != root:
        group.append(stack.popitem()[0])
    return group[::-1]
