"""docs/compatibility.md shows what scripts/matrix.toml says."""

import re
import tomllib
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs" / "compatibility.md").read_text()
TABLE: dict[str, Any] = tomllib.loads((CHECKOUT / "scripts" / "matrix.toml").read_text())


def test_the_page_lists_every_value_that_is_combined() -> None:
    axes = TABLE["axes"]
    for word, axis in (("Python", "python"), ("lagom 2.7.7", "lagom"), ("event loop", "loop")):
        assert f"| {word} | {', '.join(axes[axis])} |" in PAGE
    assert f"| {', '.join(axes['fastapi'])} |" in PAGE


def test_the_page_lists_every_release_with_its_starlette() -> None:
    shown = re.findall(r"^\| ([\d.]+|newest) \| ([\d.]+|newest) \|", PAGE, re.MULTILINE)
    tried = []
    for release, packages in TABLE["releases"].items():
        starlette = next((each for each in packages if each.startswith("starlette==")), "starlette==newest")
        tried.append((release, starlette.removeprefix("starlette==").removesuffix(".*")))
    assert shown == tried


def test_ci_runs_every_value_at_least_once() -> None:
    for axis, values in TABLE["axes"].items():
        assert {row[axis] for row in TABLE["quick"]} == set(values)
