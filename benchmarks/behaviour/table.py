"""The table, for a terminal and for docs/compare.md."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.behaviour.questions import QUESTIONS, SECTIONS

ANSWERS = Path(__file__).with_name("answers.json")
PAGE = Path(__file__).parents[2] / "docs" / "compare.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def terminal_table(columns: Mapping[str, Any]) -> str:
    """Return the verdicts with a line per question and a column per library."""
    names = list(columns)
    lines = [f"{'':100}  " + "  ".join(names)]
    for section in SECTIONS:
        lines.append(section.title)
        for question in section.questions:
            verdicts = (columns[name]["answers"][question.name]["verdict"].ljust(len(name)) for name in names)
            lines.append(f"  {question.text:98}  " + "  ".join(verdicts))
    return "\n".join(lines)


def render(columns: Mapping[str, Any]) -> str:
    """Return the measured part of the page: the table, and what was seen wherever the answer is not yes."""
    return "\n".join([*_table(columns), "", "## What was seen", "", *_details(columns)])


def page_with(page: str, measured: str) -> str:
    """Return the page with another measured part."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{measured}\n{END}{after}"


def differences(committed: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Return a line for every version and answer that is not the committed one."""
    lines = []
    for name, column in found.items():
        before = committed.get(name) or {"version": "none", "answers": {}}
        if before["version"] != column["version"]:
            lines.append(f"{name}: version was {before['version']}, is {column['version']}")
        for question in QUESTIONS:
            was, now = before["answers"].get(question.name), column["answers"][question.name]
            if was != now:
                lines.append(f"{name}: {question.full_text}: was {_told(was)}, is {_told(now)}")
    return lines


def _told(answer: Mapping[str, str] | None) -> str:
    if answer is None:
        return "not asked"
    return f"{answer['verdict']} ({answer['seen']})" if answer["seen"] else answer["verdict"]


def _table(columns: Mapping[str, Any]) -> Iterator[str]:
    titles = [column["title"] for column in columns.values()]
    yield f"| | {' | '.join(titles)} |"
    yield f"|---|{'---|' * len(titles)}"
    for section in SECTIONS:
        yield f"| **{section.title}** |{' |' * len(titles)}"
        for question in section.questions:
            verdicts = (column["answers"][question.name]["verdict"] for column in columns.values())
            yield f"| {question.text} | {' | '.join(verdicts)} |"


def _details(columns: Mapping[str, Any]) -> Iterator[str]:
    for column in columns.values():
        yield f"### {column['title']} {column['version']}".rstrip()
        yield ""
        yield f"Set-up: {column['setup']}"
        yield ""
        for question in QUESTIONS:
            answer = column["answers"][question.name]
            if answer["verdict"] != "yes":
                remark = column["remarks"].get(question.name, "")
                yield f"- *{question.full_text}*: **{answer['verdict']}**, {answer['seen']}. {remark}".rstrip()
        yield ""
