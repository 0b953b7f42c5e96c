"""docs/errors.md shows every error and warning with a situation that causes it and the text it gives."""

import re
from pathlib import Path

import pytest

import middleware.errors
from di import errors
from tests.docs.situations import FILE, SECTION, Situation, run, situations

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
BEGINNING, SITUATIONS = situations(PAGE.read_text())


TOLD_ONLY = {"UnknownFastAPIWarning"}  # it takes another FastAPI


def test_every_class_is_on_the_page() -> None:
    told = {name for name, _ in SECTION.findall(PAGE.read_text())}
    assert told == {*errors.__all__, *middleware.errors.__all__} - {"DiError"}  # the base is the first sentence
    assert {situation.name for situation in SITUATIONS} == told - TOLD_ONLY


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_situation_gives_this_error_with_this_text(situation: Situation, pytester: pytest.Pytester) -> None:
    texts = [text for name, text in run(BEGINNING, situation, pytester) if name == situation.name]
    assert [_without_folders(text) for text in texts] == [situation.text]


def _without_folders(text: str) -> str:
    return re.sub(rf"\S*/(?={re.escape(FILE)})", "", text)
