"""Run the situations of docs/errors.md: what each raises, warns of or shows."""

import ast
import asyncio
import inspect
import linecache
import re
import sys
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

FILE = "app.py"
SECTION = re.compile(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Situation:
    """One section of the page: a class, code that causes it, and the text it gives."""

    name: str
    code: str
    text: str


def situations(page: str) -> tuple[str, list[Situation]]:
    """Return what all situations begin with, and the situations of a page."""
    (_, beginning), *_ = BLOCK.findall(page)
    found = []
    for name, section in SECTION.findall(page):
        blocks = dict(BLOCK.findall(section))
        found.append(Situation(name, blocks["python"], blocks["text"].rstrip("\n")))
    return beginning, found


def run(beginning: str, situation: Situation, pytester: pytest.Pytester) -> list[tuple[str, str]]:
    """Run a situation; return the class and text of every error that it raised, held, warned of or ended with."""
    if "def test_" in situation.code:
        return [_run_tests(beginning, situation, pytester)]
    module = types.ModuleType("app")
    module.__file__ = FILE
    sys.modules["app"] = module
    linecache.cache[FILE] = (len(situation.code), None, situation.code.splitlines(keepends=True), FILE)
    try:
        exec(compile(beginning, "beginning.py", "exec"), vars(module))
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            ended_with = _execute(situation.code, vars(module))
    finally:
        del sys.modules["app"], linecache.cache[FILE]
    found = [*_all_in(ended_with), *(warning.message for warning in warned)]
    return [(type(each).__name__, str(each)) for each in found]


def _execute(code: str, namespace: dict[str, object]) -> object:
    """Return what the code raised, or the value of its last line; it may await at the top."""
    tree = ast.parse(code, FILE)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else ast.parse("None").body[0]
    assert isinstance(last, ast.Expr)
    parts = [
        compile(tree, FILE, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT),
        compile(ast.Expression(last.value), FILE, "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT),
    ]

    async def run_all() -> object:
        value = None
        for part in parts:
            value = eval(part, namespace)
            if part.co_flags & inspect.CO_COROUTINE:
                value = await value
        return value

    try:
        if any(part.co_flags & inspect.CO_COROUTINE for part in parts):
            return asyncio.run(run_all())
        return [eval(part, namespace) for part in parts][-1]
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - whatever it raises is what is asked for
        return error


def _all_in(thing: object) -> Iterator[BaseException]:
    if isinstance(thing, BaseException):
        yield thing
        held = thing.exceptions if isinstance(thing, BaseExceptionGroup) else getattr(thing, "problems", ())
        for each in held:
            yield from _all_in(each)


def _run_tests(beginning: str, situation: Situation, pytester: pytest.Pytester) -> tuple[str, str]:
    """Return what the one test of a situation failed with, as pytest printed it."""
    lines = beginning.splitlines()
    source = "\n".join([*lines, situation.code])
    pytester.makepyfile(test_app=source)
    # Only the plugins that the situation is about: loading all that are installed takes seconds.
    pytester._monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_subprocess("-p", "di.testing", "-p", "no:cacheprovider", "--tb=native")
    result.assert_outcomes(failed=1)
    output = "\n".join(result.outlines)
    raised = re.search(r"^di\.errors\.(\w+): (.*?)\n(?:_____|=====)", output, re.MULTILINE | re.DOTALL)
    assert raised is not None, output
    moved = re.sub(
        rf"{re.escape(str(pytester.path))}/test_app\.py:(\d+)",
        lambda place: f"{FILE}:{int(place[1]) - len(lines)}",
        raised[2],
    )
    return raised[1], moved
