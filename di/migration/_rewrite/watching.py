"""Which names tests replace, and whether they count calls: a wrapper must go on asking exactly those names."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Patch:
    """A test that may replace a name, and whether it may notice when, or how often, the name is called."""

    test: Module
    counts: bool


class Watched:
    """Everything that tests name in texts, which is how they patch."""

    def __init__(self, project: Project, sources: Sources) -> None:
        self._project = project
        self._at: defaultdict[tuple[Module, str], set[Patch]] = defaultdict(set)  # by module and name
        self._bare: defaultdict[str, set[Patch]] = defaultdict(set)  # by name alone: whose module is not known
        for module in project.modules:
            if project.is_test(module):
                source = sources.of(module)
                if source is not None:
                    self._read(module, source)

    def _read(self, module: Module, source: SourceFile) -> None:
        counting = bool(_COUNTED.search(source.text))
        placed: set[ast.AST] = set()
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and _is_patch(node):
                found = self._read_patch(module, source, node, counting=counting)
                if found is not None:
                    placed.add(found)
        for node in ast.walk(source.tree):
            text = node.value if isinstance(node, ast.Constant) and node not in placed else None
            if isinstance(text, str) and _DOTTED.fullmatch(text):
                self._note_text(text, Patch(module, counting), module)

    def _read_patch(self, module: Module, source: SourceFile, node: ast.Call, *, counting: bool) -> ast.AST | None:
        """Note `patch("a.b.name")`, `setattr(module, "name", ...)` and the like; return the text that names it."""
        seen = counting and _is_bound(source, node)
        patch = Patch(module, seen or not all(_is_quiet(each) for each in _fakes(node)))
        match node.args:
            case [ast.Constant(value=str(dotted)) as text, *_] if "." in dotted:
                self._note_text(dotted, patch, module)
                return text
            case [target, ast.Constant(value=str(name)) as text, *_]:
                home = self._module_named(module, target)
                if home is not None:
                    self._at[home, name].add(patch)
                    return text
            case _:
                pass
        return None

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

    def _note_text(self, text: str, patch: Patch, module: Module) -> None:
        _, home, name = self._project.linker.resolve_text(text.lstrip("."), module)
        if home is not None:
            self._at[home, name].add(patch)
        else:
            self._bare[text.rpartition(".")[2]].add(patch)

    def patches_of(self, module: Module, *names: str) -> set[Patch]:
        """Return the patches that may replace one of these names in a module."""
        return {each for name in names for each in (*self._at.get((module, name), ()), *self._bare.get(name, ()))}


def any_counts(patches: set[Patch]) -> bool:
    """Whether one of these patches may notice when, or how often, what it replaced is called."""
    return any(each.counts for each in patches)


def _is_patch(node: ast.Call) -> bool:
    called = dotted_parts(node.func) or ([node.func.attr] if isinstance(node.func, ast.Attribute) else [])
    return bool(called) and called[-1] in {"patch", "object", "setattr", "delattr"}


def _is_bound(source: SourceFile, node: ast.Call) -> bool:
    """Whether a test gets hold of what a patch puts in the place of a name."""
    parent = source.parents[node]
    match parent:
        case ast.withitem(optional_vars=None) | ast.Expr():
            return False
        case _:
            return True


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
