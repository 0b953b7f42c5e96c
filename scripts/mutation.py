"""Change the code of `di/` in small ways, one at a time, and see whether a test notices; write docs/mutation.md.

Run by scripts/mutate, in an environment that has Cosmic Ray. What was found out is kept in build/mutation.jsonl, so
that a run that was interrupted goes on where it was. What survives needs an explanation in scripts/mutation.toml.
"""

import argparse
import ast
import difflib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator
from parso.python.tree import Keyword

CHECKOUT = Path(__file__).resolve().parents[1]
CONFIGURATION = CHECKOUT / "scripts" / "mutation.toml"
STATE = CHECKOUT / "build" / "mutation.jsonl"
PAGE = CHECKOUT / "docs" / "mutation.md"
PYTEST = (
    *("-x", "-q", "-o", "addopts=", "--import-mode=importlib", "--confcutdir=tests/di"),
    *("-p", "di.testing", "-p", "pytest_asyncio.plugin", "-p", "pytest_timeout", "-p", "no:cacheprovider"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # what the forks find imported
    "--timeout=5",  # seconds for one test; nearly all take a hundredth of one
)
LIMIT = 30.0  # seconds for all tests


class RemoveStatement(Operator):
    """Leave out a call, an assignment to something that lasts, a `del` or a `raise`."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        """Say where that can be done."""
        if node.type == "simple_stmt" and self._counts(node.children[0]):
            yield node.children[0].start_pos, node.children[0].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Put `pass` in its place."""
        first = node.children[0]
        instead = Keyword("pass", first.start_pos, first.get_first_leaf().prefix)
        instead.parent = node
        node.children[0] = instead
        return node

    @staticmethod
    def _counts(statement: Any) -> bool:
        if statement.type == "expr_stmt":
            return statement.children[0].type in {"atom_expr", "power"}
        return statement.type in {"atom_expr", "power", "await_expr", "del_stmt", "raise_stmt"}

    @classmethod
    def examples(cls) -> tuple[()]:
        """Give none: nobody reads them."""
        return ()


# Of the many ways to replace an operator, the one that any test of the line should notice.
REPLACED = {
    "ComparisonOperator": (
        *("Eq_NotEq", "NotEq_Eq", "Lt_GtE", "LtE_Lt", "Gt_LtE", "GtE_Gt"),
        *("Is_IsNot", "IsNot_Is", "In_NotIn", "NotIn_In"),
    ),
    "BinaryOperator": ("Add_Sub", "Sub_Add", "BitOr_BitAnd", "BitAnd_BitOr"),
    "UnaryOperator": ("Delete_Not", "USub_UAdd"),
}
SINGLE = (
    *("AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "RemoveDecorator", "ZeroIterationForLoop"),
    *("NumberReplacer", "ExceptionReplacer"),
)


def operators() -> Iterator[Operator]:
    """Yield every way in which code is changed."""
    names = [*SINGLE, *(f"Replace{kind}_{name}" for kind, pairs in REPLACED.items() for name in pairs)]
    for name in names:
        try:
            yield get_operator(f"core/{name}")()
        except KeyError:
            continue  # this release of Cosmic Ray has no such operator
    yield RemoveStatement()


@dataclass(frozen=True)
class Mutant:
    """One change: `name` stays the same when lines move."""

    module: str
    function: str
    diff: str
    source: str

    @property
    def name(self) -> str:
        """What scripts/mutation.toml calls it."""
        return f"{self.module} {self.function}\n{self.diff}"

    @property
    def key(self) -> str:
        """What build/mutation.jsonl calls it: another one as soon as anything in the module changes."""
        return hashlib.sha256(f"{self.module}\n{self.source}".encode()).hexdigest()


def mutants_of(module: str) -> Iterator[Mutant]:
    """Yield every change of a module that is one at run time."""
    source = (CHECKOUT / module).read_text()
    seen = {_executed(source), ""}
    for operator in operators():
        for occurrence in range(10_000):
            changed = mutate_code(source, operator, occurrence)
            if changed is None:
                break
            executed = _executed(changed)
            if executed not in seen:
                seen.add(executed)
                lines = difflib.unified_diff(source.splitlines(), changed.splitlines(), lineterm="", n=0)
                diff = [f"{line[0]} {line[1:].strip()}" for line in list(lines)[3:]]
                yield Mutant(module, _function_changed(source, changed), "\n".join(diff), changed)


def _executed(source: str) -> str:
    """Return what of a source is executed: no annotations, overloads or places; nothing if it is no Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    for node in ast.walk(tree):
        for decorated in getattr(node, "body", ()) if isinstance(node, ast.ClassDef) else ():
            overloads = [each for each in getattr(decorated, "decorator_list", ()) if ast.unparse(each) == "overload"]
            if overloads:
                decorated.decorator_list.clear()
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Name("Any", ast.Load())
    return ast.dump(tree)


def _function_changed(source: str, changed: str) -> str:
    pairs = zip(source.splitlines(), changed.splitlines(), strict=False)
    line = next(number for number, (old, new) in enumerate(pairs, 1) if old != new)
    found: list[str] = []
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            first = min(
                (each.lineno for each in getattr(node, "decorator_list", ())), default=getattr(node, "lineno", 0)
            )
            if first <= line <= (getattr(node, "end_lineno", None) or 0):
                waiting.append(node)
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    found.append(node.name)
    return ".".join(found) or "(module)"


class Laboratory:
    """A copy of the code in which it is changed, and the tests that look at it."""

    def __init__(self, python: str, folder: Path, tests: dict[str, list[str]]) -> None:
        self._folder = folder
        self._tests = tests
        for name in ("di", "tests/di"):
            shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "model"))
        for name in ("tests/__init__.py", "pyproject.toml"):
            shutil.copy(CHECKOUT / name, folder / name)
        own = {"PYTHONPATH": str(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # before what is installed
        self._worker = subprocess.Popen(
            [python, CHECKOUT / "scripts" / "mutation_tests.py"],
            cwd=folder,
            env=os.environ | own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if not self._pass(self._files("files")):
            sys.exit("scripts/mutate: the tests fail without any change")

    def survives(self, mutant: Mutant) -> bool:
        """Whether all tests pass with a change."""
        first, files = self._files(Path(mutant.module).stem), self._files("files")
        path = self._folder / mutant.module
        original = path.read_text()
        self._write(path, mutant.source)
        try:
            return self._pass(first) and self._pass([each for each in files if each not in first])
        finally:
            self._write(path, original)

    def _files(self, which: str) -> list[str]:
        return [f"tests/di/{name}.py" for name in self._tests[which]]

    @staticmethod
    def _write(path: Path, source: str) -> None:
        path.write_text(source)
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):  # it knows seconds and sizes only
            compiled.unlink()

    def _pass(self, files: Iterable[str]) -> bool:
        questions, answers = cast(IO[str], self._worker.stdin), cast(IO[str], self._worker.stdout)
        questions.write(json.dumps([LIMIT, [*PYTEST, *files]]) + "\n")
        questions.flush()
        return bool(json.loads(answers.readline()))


def main() -> int:
    """Run what is left to run; 1 when a mutant survives that nobody has explained."""
    parser = argparse.ArgumentParser(prog="scripts/mutate", description=__doc__)
    parser.add_argument("--python", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--report", action="store_true", help="write the page of what is known, without running more")
    parser.add_argument("--again", action="store_true", help="run what survived once more, after a test was added")
    parser.add_argument("modules", nargs="*", help="only these: _scope _overrides")
    arguments = parser.parse_args()
    configuration = tomllib.loads(CONFIGURATION.read_text())
    modules = [f"di/{name}.py" for name in arguments.modules or configuration["modules"]]
    known = _known()
    everything: list[Mutant] = []
    with tempfile.TemporaryDirectory() as folder:
        laboratory = None if arguments.report else Laboratory(arguments.python, Path(folder), configuration["tests"])
        for mutant in (each for module in modules for each in mutants_of(module)):
            everything.append(mutant)
            if laboratory is not None and (mutant.key not in known or (arguments.again and known[mutant.key])):
                known[mutant.key] = laboratory.survives(mutant)
                _remember(mutant, survived=known[mutant.key])
    return _report(everything, known, {each["mutant"]: each["why"] for each in configuration.get("explained", ())})


def _known() -> dict[str, bool]:
    """Return which mutants were tried, and whether they survived."""
    if not STATE.exists():
        return {}
    return dict(json.loads(line) for line in STATE.read_text().splitlines())


def _remember(mutant: Mutant, *, survived: bool) -> None:
    STATE.parent.mkdir(exist_ok=True)
    with STATE.open("a") as state:
        state.write(json.dumps([mutant.key, survived]) + "\n")
    sys.stderr.write(f"{'SURVIVED' if survived else 'killed'} {mutant.name}\n")


def _report(mutants: list[Mutant], known: dict[str, bool], explained: dict[str, str]) -> int:
    """Write the page, and tell of what is unexplained, or explained and dead."""
    tried, survived, left = Counter[str](), Counter[str](), Counter[str]()
    listed: dict[str, Mutant] = {}
    for mutant in mutants:
        left[mutant.module] += mutant.key not in known
        if mutant.key in known:
            tried[mutant.module] += 1
            if known[mutant.key]:
                survived[mutant.module] += 1
                listed[mutant.name] = mutant
    missing = sum(left.values())
    rows = [
        f"| `{name}` | {tried[name]} | {tried[name] - survived[name]} | {survived[name]} | {left[name]} |"
        for name in left
    ]
    sums = (sum(tried.values()), sum(tried.values()) - sum(survived.values()), sum(survived.values()))
    text = [
        "# Mutation testing",
        "",
        "`scripts/mutate` changes one thing in a module at a time (a comparison, a condition, a number, an exception,",
        "a loop, or it leaves a statement out) and runs the fast tests of `tests/di`; a change that none of them",
        "notices survives. Annotations are left alone, and tests against the naive model are not run.",
        "",
        "| module | changes tried | noticed | survived | not tried yet |",
        "|---|---|---|---|---|",
        *rows,
        f"| all | {sums[0]} | {sums[1]} | {sums[2]} | {missing} |",
        "",
    ]
    if listed:
        text += ["## What survived, and why", ""]
    for name, mutant in listed.items():
        why = explained.get(name, "**Not explained.**")
        text += [f"`{mutant.module}`, `{mutant.function}`:", "", "```diff", mutant.diff, "```", "", why, ""]
    PAGE.write_text("\n".join(text).rstrip() + "\n")
    unexplained = [name for name in listed if name not in explained]
    stale = [name for name in explained if name not in listed] if not missing else []
    for what, names in (("survived, and nobody says why", unexplained), ("is explained, but does not survive", stale)):
        for name in names:
            sys.stderr.write(f"{what}: {name}\n")
    sys.stderr.write(f"{sums[0]} tried, {sums[2]} survived, {len(unexplained)} unexplained, {missing} left to try\n")
    return int(bool(unexplained or stale or missing))


if __name__ == "__main__":
    sys.exit(main())
