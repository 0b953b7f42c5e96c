"""Links between the pages lead somewhere, and every page is found from the README."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import CHECKOUT, pages

LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#\s]+)")


def linked(page: Path) -> set[Path]:
    """Return the files that a page links to."""
    return {(page.parent / target).resolve() for target in LINK.findall(page.read_text())}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert [target for target in linked(page) if not target.exists()] == []


def test_every_page_is_found_from_the_readme() -> None:
    found: set[Path] = set()
    waiting = [CHECKOUT / "README.md"]
    while waiting:
        page = waiting.pop()
        found.add(page)
        waiting += [target for target in linked(page) if target.suffix == ".md" and target not in found]
    assert set(pages()) - found == set()
