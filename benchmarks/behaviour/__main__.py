"""Ask every library every question and print the table. Run by scripts/compare, in an environment that has them all."""

import argparse
import asyncio
import json
import os
import sys
from typing import Any

from benchmarks.behaviour.libraries import COLUMNS
from benchmarks.behaviour.questions import QUESTIONS
from benchmarks.behaviour.table import ANSWERS, PAGE, differences, page_with, render, terminal_table

PATIENCE = 30.0  # seconds without a line after which a child is taken to hang


class _Broken(Exception):
    """A child ended before it had answered everything."""


async def ask(column: str) -> dict[str, Any]:
    """Return a column: its library, and an answer per question."""
    about: dict[str, Any] = {}
    answers: dict[str, dict[str, str]] = {}
    while len(answers) < len(QUESTIONS):
        asked = await _ask_child(column, about, answers)
        if asked is not None:
            answers[asked] = {"verdict": "no", "seen": "it hangs"}
    print(f"{column}: {len(answers)} answers", file=sys.stderr, flush=True)
    return {**about, "answers": {question.name: answers[question.name] for question in QUESTIONS}}


async def _ask_child(column: str, about: dict[str, Any], answers: dict[str, dict[str, str]]) -> str | None:
    """Let a process answer what is not answered yet; return the question at which it hung, if it did."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.behaviour.child", column, *answers),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    asked = None
    try:
        while len(answers) < len(QUESTIONS):
            line = await asyncio.wait_for(child.stdout.readline(), PATIENCE)
            if not line:
                raise _Broken(column, (await child.communicate())[1].decode())
            said = json.loads(line)
            if "title" in said:
                about.update(said)
            elif "asking" in said:
                asked = said["asking"]
            elif asked is not None:
                answers[asked] = said
    except TimeoutError:
        return asked
    finally:
        if child.returncode is None:
            child.kill()  # a thread of a library may hang for ever
        await child.wait()
    return None


async def ask_all(columns: list[str]) -> dict[str, Any]:
    """Ask the columns, as many at once as there are cores."""
    free = asyncio.Semaphore(os.cpu_count() or 1)

    async def one(column: str) -> dict[str, Any]:
        async with free:
            return await ask(column)

    return dict(zip(columns, await asyncio.gather(*map(one, columns)), strict=True))


def main() -> None:
    """Ask, print, and compare or write."""
    parser = argparse.ArgumentParser(prog="scripts/compare", description=__doc__)
    parser.add_argument("columns", nargs="*", choices=[[], *COLUMNS], help="only these columns")
    parser.add_argument("--check", action="store_true", help="fail when an answer differs from the committed one")
    parser.add_argument("--write", action="store_true", help=f"replace {ANSWERS.name} and the table in {PAGE.name}")
    options = parser.parse_args()
    committed: dict[str, Any] = json.loads(ANSWERS.read_text()) if ANSWERS.exists() else {}
    found = asyncio.run(ask_all(options.columns or list(COLUMNS)))
    print(terminal_table(found))
    if options.write:
        merged = {column: found.get(column) or committed[column] for column in COLUMNS}
        ANSWERS.write_text(json.dumps(merged, indent=1, ensure_ascii=False) + "\n")
        PAGE.write_text(page_with(PAGE.read_text(), render(merged)))
    if options.check:
        changed = differences({column: committed.get(column, {}) for column in found}, found)
        print("\n".join(changed) or f"Every answer is the committed one ({ANSWERS.name}).")
        sys.exit(bool(changed))


if __name__ == "__main__":
    main()
