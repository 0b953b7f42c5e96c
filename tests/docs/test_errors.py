"""docs/errors.md shows every error and warning with a situation that causes it and the text it gives."""

import re
from pathlib import Path

import pytest

import middleware.errors
from di import errors
from tests.docs.situations import FILE, Situation, run, situations

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
BEGINNING, SITUATIONS = situations(PAGE.read_text())


def test_every_class_is_on_the_page() -> None:
    shown = {situation.name for situation in SITUATIONS}
    assert shown == {*errors.__all__, *middleware.errors.__all__} - {"DiError"}  # the base is the first sentence


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_situation_gives_this_error_with_this_text(situation: Situation, pytester: pytest.Pytester) -> None:
    texts = [text for name, text in run(BEGINNING, situation, pytester) if name == situation.name]
    assert [_without_folders(text) for text in texts] == [situation.text]


def _without_folders(text: str) -> str:
    return re.sub(rf"\S*/(?={re.escape(FILE)})", "", text)
