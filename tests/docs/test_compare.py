"""docs/compare.md says what benchmarks/behaviour measured, and what it says of this layer is still so."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks.behaviour.answers import Question
from benchmarks.behaviour.child import answer
from benchmarks.behaviour.libraries import load
from benchmarks.behaviour.questions import QUESTIONS
from benchmarks.behaviour.table import ANSWERS, PAGE, differences, page_with, render


@pytest.fixture
def committed() -> Mapping[str, Any]:
    measured: Mapping[str, Any] = json.loads(ANSWERS.read_text())
    return measured


def test_page_shows_the_committed_answers(committed: Mapping[str, Any]) -> None:
    page = PAGE.read_text()
    assert page == page_with(page, render(committed)), "run scripts/compare --write"


@pytest.mark.filterwarnings("ignore:.*used by no root")  # one graph serves all questions
@pytest.mark.parametrize("column", ["di", "depends"])
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
async def test_answer_is_the_committed_one(committed: Mapping[str, Any], column: str, question: Question) -> None:
    found = await answer(load(column), question)
    assert {"verdict": found.verdict, "seen": found.seen} == committed[column]["answers"][question.name]


def test_a_changed_answer_and_version_are_told(committed: Mapping[str, Any]) -> None:
    changed = json.loads(json.dumps(committed["dishka"]))
    changed["version"] = "9"
    changed["answers"]["openapi"] = {"verdict": "no", "seen": "it shows"}
    assert differences({"dishka": committed["dishka"]}, {"dishka": changed}) == [
        f"dishka: version was {committed['dishka']['version']}, is 9",
        "dishka: OpenAPI shows no trace of injection: was yes, is no (it shows)",
    ]
    assert differences({"dishka": committed["dishka"]}, {"dishka": committed["dishka"]}) == []
