"""The Python blocks of the way from lagom, run one after the other as a reader would."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "from-lagom.md"


def test_the_way_from_lagom_runs_as_it_is_written() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 4
    source, namespace = "\n".join(blocks), {"__name__": "from_lagom"}
    exec(compile(source, str(PAGE), "exec"), namespace)
