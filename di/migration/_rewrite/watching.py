"""Which names tests replace, and whether they count calls: a wrapper must go on asking exactly those names."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from di.migration._facts import Module
from di.migration._project import Project
from di.migration._rewrite.sources import SourceFile, Sources, dotted_parts

_DOTTED: Final = re.compile(r"\.?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_COUNTED: Final = re.compile(
    r"assert_(?:not_)?(?:called|awaited|any_call|any_await|has_calls|has_awaits)|side_effect|"
    r"\b(?:call_count|await_count|call_args|await_args|mock_calls|method_calls)\b|\.called\b|\.awaited\b"
)
_QUIET_FAKES: Final = frozenset({"Mock", "MagicMock", "AsyncMock", "SimpleNamespace", "object", "create_autospec"})
_QUIET_KEYWORDS: Final = frozenset(
    {"return_value", "spec", "spec_set", "autospec", "create", "new_callable", "raising"}
)


class Watched:
    """Everything that tests name in texts, which is how they patch."""

    def __init__(self, project: Project, sources: Sources) -> None:
        self._project = project
        self._at: defaultdict[tuple[Module, str], set[Module]] = defaultdict(set)  # by module and name: the tests
        self._bare: defaultdict[str, set[Module]] = defaultdict(set)  # by name alone: whose module is not known
        self._counting: dict[Module, bool] = {}
        for module in project.modules:
            if project.is_test(module):
                source = sources.of(module)
                if source is not None:
                    self._read(module, source)

    def _read(self, module: Module, source: SourceFile) -> None:
        self._counting[module] = bool(_COUNTED.search(source.text))
        placed: set[ast.AST] = set()
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call):
                placed |= self._read_call(module, node)
        for node in ast.walk(source.tree):
            text = node.value if isinstance(node, ast.Constant) and node not in placed else None
            if isinstance(text, str) and _DOTTED.fullmatch(text):
                self._note_text(module, text)

    def _read_call(self, module: Module, node: ast.Call) -> set[ast.AST]:
        """Note `setattr(module, "name", ...)` and the like, and whether a fake may fail or count its calls."""
        called = dotted_parts(node.func) or ([node.func.attr] if isinstance(node.func, ast.Attribute) else [])
        if not called or called[-1] not in {"patch", "object", "setattr", "delattr", "multiple"}:
            return set()
        if not all(_is_quiet(each) for each in _fakes(node)):
            self._counting[module] = True
        match node.args:
            case [target, ast.Constant(value=str(name)) as text, *_]:
                home = self._module_named(module, target)
                if home is not None:
                    self._at[home, name].add(module)
                    return {text}
            case _:
                pass
        return set()

    def _module_named(self, module: Module, node: ast.expr) -> Module | None:
        parts = dotted_parts(node)
        if parts is None:
            return None
        for binding in module.bindings.get(parts[0], ()):
            if isinstance(binding, tuple):
                found = self._project.linker.module_of(binding.below(*parts[1:]), module)
                if found is not None:
                    return found
        return None

    def _note_text(self, module: Module, text: str) -> None:
        _, home, name = self._project.linker.resolve_text(text.lstrip("."), module)
        if home is not None:
            self._at[home, name].add(module)
        else:
            self._bare[text.rpartition(".")[2]].add(module)

    def tests_of(self, module: Module, *names: str) -> set[Module]:
        """Return the tests that may replace one of these names in a module."""
        return {test for name in names for test in (*self._at.get((module, name), ()), *self._bare.get(name, ()))}

    def any_counts(self, tests: set[Module]) -> bool:
        """Whether one of these tests may notice when, or how often, what it replaced is called."""
        return any(self._counting[each] for each in tests)


def _fakes(node: ast.Call) -> Iterator[ast.expr]:
    """Yield what a patch puts in the place of a name."""
    named = next((n for n, each in enumerate(node.args) if isinstance(each, ast.Constant)), None)
    if named is not None:
        yield from node.args[named + 1 :]
    for each in node.keywords:
        if each.arg not in _QUIET_KEYWORDS:
            yield each.value


def _is_quiet(node: ast.expr) -> bool:
    """Whether a fake can neither fail nor count when it is called."""
    match node:
        case ast.Constant():
            return True
        case ast.Call(func=function):
            parts = dotted_parts(function)
            return parts is not None and parts[-1] in _QUIET_FAKES
        case ast.Lambda(body=ast.Name() | ast.Constant() | ast.Attribute()):
            return True
        case ast.Lambda(body=ast.Call() as body):
            return _is_quiet(body)
        case _:
            return False
