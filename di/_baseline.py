"""The baseline: a reviewed file of known problems, so that validation can be switched on before all are solved."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from di._validation import Problem, ProblemId
from di.errors import AcceptedProblemsWarning, BaselineFileError, GraphError, StaleBaselineWarning

VERSION = 1
_HEAD = """\
# Known problems of the dependency graph. Any other fails the start and `di check`; so does, in `di check`, an entry
# that accepts nothing any more. `di check --write-baseline` writes this file anew and keeps every reason.
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Problems parted by a baseline, and its entries that accept nothing any more."""

    new: tuple[Problem, ...]
    accepted: tuple[Problem, ...]
    stale: tuple[ProblemId, ...]

    def warnings(self, path: str, *, complete: bool) -> Iterator[Warning]:
        """Sum up what is accepted, and what in vain if the whole graph was looked at."""
        if self.accepted:
            yield AcceptedProblemsWarning(path, Counter(problem.id.kind for problem in self.accepted))
        if complete and self.stale:
            yield StaleBaselineWarning(path, [str(entry) for entry in self.stale])


@dataclass(frozen=True, slots=True)
class Baseline:
    """Which problems are accepted, and why."""

    accepted: Mapping[ProblemId, str] = field(default_factory=dict)

    def judge(self, problems: Iterable[Problem]) -> Verdict:
        """Part problems into new and accepted ones."""
        found = tuple(problems)
        present = {problem.id for problem in found}
        return Verdict(
            new=tuple(problem for problem in found if problem.id not in self.accepted),
            accepted=tuple(problem for problem in found if problem.id in self.accepted),
            stale=tuple(sorted(self.accepted.keys() - present)),
        )

    def renewed(self, problems: Iterable[Problem]) -> "Baseline":
        """Return a baseline of exactly these problems, with the reasons known so far."""
        return Baseline({each: self.accepted.get(each, "") for each in sorted({problem.id for problem in problems})})

    def to_toml(self) -> str:
        """Write it as text: sorted, one block for each problem, so that changes of several people merge."""
        entries = (_entry(problem, reason) for problem, reason in sorted(self.accepted.items()))
        return "\n".join([f"{_HEAD}version = {VERSION}\n", *entries])


def refuse_new(problems: Iterable[Problem], accepted: Iterable[ProblemId]) -> list[Problem]:
    """Return the problems that are accepted.

    Raises:
        GraphError: of all the others.
    """
    known = frozenset(accepted)
    found = list(problems)
    new = [problem.error for problem in found if problem.id not in known]
    if new:
        raise GraphError(new)
    return found


def read_baseline(path: str | Path) -> Baseline:
    """Read a baseline file.

    Raises:
        BaselineFileError: it is not there, or not a baseline.
    """
    import tomllib  # a start without a baseline does without

    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BaselineFileError(str(path), error.strerror or str(error)) from error
    except ValueError as error:
        raise BaselineFileError(str(path), f"it is no TOML: {error}") from error
    if content.get("version") != VERSION:
        raise BaselineFileError(str(path), f"version = {VERSION} was expected, not {content.get('version')!r}")
    entries = content.get("accepted", [])
    if not isinstance(entries, list):
        raise BaselineFileError(str(path), "entries are [[accepted]] blocks")
    return Baseline(dict(_read_entry(path, number, entry) for number, entry in enumerate(entries, 1)))


def _read_entry(path: str | Path, number: int, entry: Any) -> tuple[ProblemId, str]:
    match entry:
        case {"problem": str(kind), "concerns": [*concerns]} if all(isinstance(each, str) for each in concerns):
            return ProblemId(kind, tuple(concerns)), str(entry.get("reason", ""))
    raise BaselineFileError(str(path), f"entry {number} lacks problem = '...' or concerns = ['...', '...']")


def _entry(problem: ProblemId, reason: str) -> str:
    # JSON's strings and lists of strings are TOML's too.
    return (
        f"[[accepted]]\nproblem = {json.dumps(problem.kind)}\n"
        f"concerns = {json.dumps(list(problem.concerns))}\nreason = {json.dumps(reason)}\n"
    )
