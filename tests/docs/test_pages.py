"""Every Python block of the documentation is run, and what it claims is asserted."""

import ast
from pathlib import Path

import pytest

from tests.docs.pages import CHECKOUT, blocks, module_of, pages

pytest_plugins = ["pytester"]

# These have tests of their own, because their blocks need more than a module around them.
ELSEWHERE = {"README.md": "test_readme.py", "docs/errors.md": "test_errors.py"}
INI = f"""
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
pythonpath = {CHECKOUT}
filterwarnings = error
"""


def name_of(page: Path) -> str:
    """Return a page's path in the project."""
    return str(page.relative_to(CHECKOUT))


RUN = [page for page in pages() if name_of(page) not in ELSEWHERE and any(not block.mark for block in blocks(page))]


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_page_runs(page: Path, pytester: pytest.Pytester) -> None:
    source = module_of(page)
    assert "assert " in source or "pytest.raises" in source, "what the page claims is not checked"
    pytester.makeini(INI)
    pytester.makepyfile(test_page=f"{source}\n\ndef test_blocks_ran(): pass\n")
    # Only the plugins that the pages are about: loading all that are installed takes seconds.
    pytester._monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_subprocess("-p", "di.testing", "-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.OK, f"{name_of(page)}: line numbers are the page's\n{result.stdout.str()}"


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_marks_of_blocks_are_known(page: Path) -> None:
    for block in blocks(page):
        if block.mark == "fragment":
            ast.parse(block.code)
        elif block.mark == "signature":
            assert page.parent.name == "reference"
        else:
            assert block.mark == "", f"line {block.line}: ```python {block.mark}"


def test_pages_with_tests_of_their_own_have_them() -> None:
    for page, test in ELSEWHERE.items():
        assert Path(page).name in (Path(__file__).parent / test).read_text()
