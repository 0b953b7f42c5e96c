"""Markdown pages as Python modules: a page's blocks from top to bottom, on the lines on which they stand.

- A `python` block is run, also one that stands in an HTML comment (set-up that would not help a reader).
- Functions called `test_...`, and fixtures, are what they are in pytest.
- `python fragment` marks a piece that makes no sense alone; it has to be Python all the same.
- `python signature` is what scripts/docs writes into the reference.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
FENCE = re.compile(r"^```python([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced Python block: the word after `python`, its code, and the number of its first line."""

    mark: str
    code: str
    line: int


def pages() -> list[Path]:
    """Return every Markdown file of the project's own."""
    return sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md")])


def blocks(page: Path) -> Iterator[Block]:
    """Yield a page's Python blocks."""
    text = page.read_text()
    for fence in FENCE.finditer(text):
        yield Block(fence[1].strip(), fence[2], text.count("\n", 0, fence.start()) + 2)


def module_of(page: Path) -> str:
    """Return the source of a page as a module, each line where it stands on the page."""
    lines: list[str] = []
    for block in blocks(page):
        if not block.mark:
            lines += [""] * (block.line - 1 - len(lines))
            lines += block.code.splitlines()
    return "\n".join(lines) + "\n"
