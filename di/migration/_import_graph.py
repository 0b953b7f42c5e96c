"""Which modules import which, and the imports that stand in functions because they would close a cycle."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from di.migration._components import strong_components
from di.migration._facts import Function, LocalImport, Module, Symbol
from di.migration._project import Project


@dataclass(frozen=True, slots=True)
class DodgingImport:
    """An import in a function; at module level it would be part of a cycle."""

    module: Module
    function: Function
    line: int
    target: Path
    closing: tuple[Path, ...]  # what it imports that leads back: the target, or packages around it


class ImportGraph:
    """The imports of a code base without its tests; a package is imported by whatever imports its modules."""

    def __init__(self, project: Project) -> None:
        self._index = project.linker.index
        self._local: list[tuple[Module, Function, LocalImport, tuple[Path, ...]]] = []
        top: defaultdict[Path, dict[Path, None]] = defaultdict(dict)
        certain: defaultdict[Path, dict[Path, None]] = defaultdict(dict)
        for module in project.sources:
            for symbol in module.loads:
                top[module.path].update(dict.fromkeys(self._targets(symbol, module)))
            for symbol in module.certain_loads:
                certain[module.path].update(dict.fromkeys(self._targets(symbol, module)))
            for function in module.functions:
                for each in function.local_imports:
                    targets = self._targets(each.symbol, module)
                    if targets:
                        self._local.append((module, function, each, targets))
        self._top: Mapping[Path, Mapping[Path, None]] = dict(top)
        self._certain: Mapping[Path, Mapping[Path, None]] = dict(certain)
        self._imported_at_start = set().union(*certain.values())
        self._pairs = {(module.path, targets[0]) for module, _, _, targets in self._local}

    def dodging(self) -> Iterator[DodgingImport]:
        """Yield the imports in functions whose target leads back at module level, or directly in a function as well.

        Longer ways through functions do not count: one more import would turn dozens of older ones into findings. A
        module that is imported at module level as well dodges nothing.
        """
        reached = _reached(self._top)
        for module, function, each, targets in self._local:
            here, known = module.path, self._top.get(module.path, {})
            closing = tuple(path for path in targets if path not in known and self._leads_back(path, here, reached))
            if closing:
                yield DodgingImport(module, function, each.line, targets[0], closing)

    def _leads_back(self, target: Path, here: Path, reached: Callable[[Path, Path], bool]) -> bool:
        return reached(target, here) or (target, here) in self._pairs

    def imported_with(self, target: Path, importer: Path) -> set[Path]:
        """Return every module that runs, at some time, because one imports another at module level."""
        return _closure(self._top, self._with_packages(target, importer))

    def imported_anyway(self, started: Iterable[Path]) -> set[Path]:
        """Return what certainly runs wherever some modules are in use, however they come to be imported.

        What is imported under a condition, in a `try` or in a function alone may lack what it needs, and costs time.
        """
        importers, certain_importers = _reversed(self._top), _reversed(self._certain)
        importing_in_functions: defaultdict[Path, set[Path]] = defaultdict(set)
        for module, _, _, targets in self._local:
            for target in targets:
                importing_in_functions[target].add(module.path)
        on_demand = (importers.keys() | importing_in_functions.keys()) - certain_importers.keys()
        sure = [each for each in started if each in certain_importers or each not in importers]
        callers = set().union(*(importing_in_functions.get(each, ()) for each in sure)) - on_demand
        starting = {each: above - on_demand for each, above in certain_importers.items()}
        above = _closure(starting, [*sure, *callers])
        packages = [each for path in above for each in self._with_packages(path, Path())]
        return _closure(self._certain, packages)

    def is_imported_at_start(self, target: Path) -> bool:
        """Return whether some module imports this one whenever it is imported itself, under no condition."""
        return target in self._imported_at_start

    def way_back(self, dodging: DodgingImport) -> tuple[tuple[Path, ...], bool]:
        """Return the shortest way from an import back to its module, and whether that is an import in a function."""
        here = dodging.module.path
        ways = [way for start in dodging.closing if (way := _shortest_way(self._top, start, here))]
        if ways:
            return min(ways, key=len), False
        return next((start, here) for start in dodging.closing if (start, here) in self._pairs), True

    def _targets(self, symbol: Symbol, module: Module) -> tuple[Path, ...]:
        """Return the file that is imported, then the packages around it, but for those the importer lies in."""
        home = self._index.find(symbol.home, module.path)
        if home is None:
            return ()
        below = self._index.child(home, symbol.path[0]) if symbol.path else None
        return self._with_packages(below or home, module.path)

    def _with_packages(self, target: Path, importer: Path) -> tuple[Path, ...]:
        packages = (folder / "__init__.py" for folder in target.parents if not importer.is_relative_to(folder))
        return tuple(path for path in dict.fromkeys((target, *packages)) if path in self._index.modules)


def _closure(edges: Mapping[Path, Iterable[Path]], start: Iterable[Path]) -> set[Path]:
    found: set[Path] = set()
    waiting = [*start]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += edges.get(current, ())
    return found


def _reversed(edges: Mapping[Path, Iterable[Path]]) -> Mapping[Path, set[Path]]:
    back: defaultdict[Path, set[Path]] = defaultdict(set)
    for start, ends in edges.items():
        for end in ends:
            back[end].add(start)
    return back


def _reached(edges: Mapping[Path, Iterable[Path]]) -> Callable[[Path, Path], bool]:
    """Return a test of whether one module leads to another; each group of modules is a number with a bit for each."""
    bits: dict[Path, int] = {}
    below: dict[Path, int] = {}
    for group in strong_components(edges, edges):
        mask = 0
        for path in group:
            bits[path] = 1 << len(bits)
            mask |= bits[path]
        for path in group:
            for following in edges.get(path, ()):
                mask |= below.get(following, 0)
        below.update(dict.fromkeys(group, mask))
    return lambda start, end: bool(below.get(start, 0) & bits.get(end, 0))


def _shortest_way(edges: Mapping[Path, Iterable[Path]], start: Path, end: Path) -> tuple[Path, ...]:
    """Return the way from start to end, both included; empty if there is none."""
    before: dict[Path, Path | None] = {start: None}
    waiting = deque([start])
    while waiting and end not in before:
        here = waiting.popleft()
        for following in edges.get(here, ()):
            if following not in before:
                before[following] = here
                waiting.append(following)
    way: list[Path] = []
    step: Path | None = end if end in before else None
    while step is not None:
        way.append(step)
        step = before[step]
    return tuple(reversed(way))
