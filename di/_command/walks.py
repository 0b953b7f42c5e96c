"""Walks through a described graph: who needs what, and by which ways."""

from collections import deque
from collections.abc import Iterable, Iterator

from di._graph_view import GraphView

Step = str  # the id of a node or a root


class Walks:
    """The edges of a view in both directions; a root needs what it asks for."""

    def __init__(self, view: GraphView) -> None:
        self.needs: dict[Step, list[Step]] = {}
        self.needed_by: dict[Step, list[Step]] = {}
        asks = ((root.id, ask.target) for root in view.roots for ask in root.asks)
        for source, target in dict.fromkeys((*((edge.source, edge.target) for edge in view.edges), *asks)):
            self.needs.setdefault(source, []).append(target)
            self.needed_by.setdefault(target, []).append(source)

    def holders(self, step: Step) -> dict[Step, int]:
        """Return a node and everybody who comes to need it, with the number of steps, nearest first."""
        return _distances(self.needed_by, step)

    def needed(self, step: Step) -> dict[Step, int]:
        """Return a node or root and everything it comes to need, with the number of steps, nearest first."""
        return _distances(self.needs, step)

    def ways(self, start: Step, end: Step) -> "Ways | None":
        """Return every shortest way from a node or root to a node it needs, or None if it does not need it."""
        towards = _distances(self.needed_by, end)
        return Ways(self.needs, towards, start, end) if start in towards and start != end else None


class Ways:
    """All shortest ways between two steps; there may be very many of them, so they are made one by one."""

    def __init__(self, needs: dict[Step, list[Step]], towards: dict[Step, int], start: Step, end: Step) -> None:
        self._start, self._end = start, end
        self._next = {
            step: [each for each in needs.get(step, ()) if towards.get(each) == distance - 1]
            for step, distance in towards.items()
        }
        self.length = towards[start]
        self.count = self._counted(towards)

    def _counted(self, towards: dict[Step, int]) -> int:
        counts = {self._end: 1}
        for step in towards:  # nearest to the end first
            if step != self._end:
                counts[step] = sum(counts[each] for each in self._next[step])
        return counts[self._start]

    def __iter__(self) -> Iterator[list[Step]]:
        waiting: deque[list[Step]] = deque([[self._start]])
        while waiting:
            way = waiting.pop()
            if way[-1] == self._end:
                yield way
            else:
                waiting.extend([*way, each] for each in reversed(self._next[way[-1]]))


def _distances(neighbours: dict[Step, list[Step]], start: Step) -> dict[Step, int]:
    distances = {start: 0}
    waiting = deque([start])
    while waiting:
        step = waiting.popleft()
        for each in _unseen(neighbours.get(step, ()), distances):
            distances[each] = distances[step] + 1
            waiting.append(each)
    return distances


def _unseen(steps: Iterable[Step], seen: dict[Step, int]) -> list[Step]:
    return [each for each in steps if each not in seen]
