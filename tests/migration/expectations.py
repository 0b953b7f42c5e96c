"""What a corpus package says about itself in comments.

`# accessor: NAME KIND CLASSES [params=...] [eager=...] [lazy=...]`, `# call: NAME CONTEXT, NAME CONTEXT` and
`# reset: NAME` stand at the end of the line they are about; lists are separated by commas.
"""

import io
import tokenize
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Expected:
    """The accessors, calls and resets of a package, by file and line."""

    accessors: set[tuple[object, ...]] = field(default_factory=set)
    calls: list[tuple[str, int, str, str]] = field(default_factory=list)
    resets: set[tuple[str, int, str]] = field(default_factory=set)


def expected_of(root: Path) -> Expected:
    """Read the comments of all files below a folder."""
    expected = Expected()
    for path in sorted(root.rglob("*.py")):
        file = path.relative_to(root).as_posix()
        for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
            if token.type == tokenize.COMMENT:
                for part in token.string.lstrip("# ").split(";"):
                    _read(expected, file, token.start[0], part.strip())
    expected.calls.sort()
    return expected


def _read(expected: Expected, file: str, line: int, text: str) -> None:
    label, _, rest = text.partition(": ")
    if label == "accessor":
        name, kind, classes, *options = rest.split()
        lists = {key: tuple(value.split(",")) for key, _, value in (each.partition("=") for each in options)}
        found = (lists.get(key, ()) for key in ("params", "eager", "lazy"))
        expected.accessors.add((file, line, name, kind, tuple(sorted(classes.split(","))), *found))
    elif label == "call":
        for each in rest.split(", "):
            name, context = each.split()
            expected.calls.append((file, line, name, context))
    elif label == "reset":
        expected.resets.add((file, line, rest.strip()))
