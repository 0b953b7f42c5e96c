"""`di check`: every problem of the graph, for a person, for GitHub or for a program."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from di._baseline import Baseline, Verdict, read_baseline
from di._command.annotations import annotation
from di._command.errors import BaselineUnnamedError
from di._command.target import Target, add_target, load_target
from di._command.terminal import add_format, counted, open_console, write_file, write_json
from di._graph_view import shortened
from di._keys import qualified
from di._places import OWN_PACKAGES
from di._sources import Place
from di._validation import Findings, Problem, ProblemId, examine, kind_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.description = "Exit code 1: problems that no baseline accepts, or entries that accept nothing any more."
    add_target(parser, "")
    add_format(parser, "text", "github", "json")
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="file of accepted problems")
    parser.add_argument("--write-baseline", action="store_true", help="accept what there is now; reasons are kept")


def run(options: argparse.Namespace) -> int:
    """Report the problems, or accept them."""
    target, _ = load_target(options)
    path: Path | None = options.baseline or target.baseline
    findings = examine(target.container.root_layer, target.roots)
    if options.write_baseline:
        return _write(path, findings)
    baseline = Baseline() if path is None else read_baseline(path)
    report = _Report(target, findings, baseline.judge(findings.problems), path)
    match options.format:
        case "json":
            write_json(report.as_json())
        case "github":
            print("\n".join(report.for_github()))
        case _:
            report.draw()
    return 1 if report.verdict.new or report.verdict.stale else 0


def _write(path: Path | None, findings: Findings) -> int:
    if path is None:
        raise BaselineUnnamedError
    before = read_baseline(path) if path.exists() else Baseline()
    after = before.renewed(findings.problems)
    write_file(path, after.to_toml())
    added, gone = after.accepted.keys() - before.accepted.keys(), before.accepted.keys() - after.accepted.keys()
    print(f"{path}: {counted(len(after.accepted), 'problem')} accepted, {len(added)} added, {len(gone)} removed")
    return 0


@dataclass(frozen=True, slots=True)
class _Report:
    target: Target
    findings: Findings
    verdict: Verdict
    baseline: Path | None

    def draw(self) -> None:
        console, folder = open_console(), Path.cwd()
        for number, problem in enumerate(self.verdict.new, 1):
            text, _, path = shortened(str(problem.error), folder).partition("\n")
            console.print(Text.assemble((f"{number}. {problem.id.kind}: ", "bold red"), text))
            console.print(Text(f"{path}\n" if path else "", "dim"))
        for entry in self.verdict.stale:
            console.print(Text.assemble(("stale ", "bold red"), self._stale(entry)))
        for warning in self.findings.warnings:
            console.print(Text.assemble(("warning: ", "bold yellow"), shortened(str(warning), folder)))
        if self.verdict.accepted:
            console.print(Text(f"{counted(len(self.verdict.accepted), 'problem')} accepted by {self.baseline}"))
        console.print(Text(self._summary(), "bold red" if self.verdict.new or self.verdict.stale else "bold green"))

    def for_github(self) -> list[str]:
        """Return workflow commands, which GitHub shows beside the lines of the registrations."""
        lines = []
        for problem in self.verdict.new:
            text = shortened(str(problem.error), Path.cwd())
            lines.append(annotation("error", problem.id.kind, text, self._place(problem)))
        lines += [annotation("error", "stale baseline entry", self._stale(entry)) for entry in self.verdict.stale]
        for warning in self.findings.warnings:
            place = Place.parse(warning.location)
            title = kind_of(warning).replace("-", " ")
            lines.append(annotation("warning", title, str(warning), place and place.below(Path.cwd())))
        return [*lines, self._summary()]

    def as_json(self) -> dict[str, Any]:
        return {
            "schema": "di-check/1",
            "problems": [self._problem(each) for each in self.verdict.new],
            "accepted": [self._problem(each) for each in self.verdict.accepted],
            "stale": [{"kind": each.kind, "concerns": each.concerns} for each in self.verdict.stale],
            "unused": [qualified(key) for key in self.findings.unused],
            "warnings": [shortened(str(warning), Path.cwd()) for warning in self.findings.warnings],
            "baseline": None if self.baseline is None else str(self.baseline),
        }

    def _problem(self, problem: Problem) -> dict[str, Any]:
        place = self._place(problem)
        text, *path = shortened(str(problem.error), Path.cwd()).splitlines()
        return {
            "kind": problem.id.kind,
            "concerns": problem.id.concerns,
            "text": text,
            "path": [step.strip().removeprefix("-> ") for step in path],
            "registered": None if place is None else {"file": place.file, "line": place.line},
        }

    def _place(self, problem: Problem) -> Place | None:
        """Return where the first of those concerned is registered, or the first root that asks for it."""
        layer = self.target.container.root_layer
        for key in problem.keys:
            provider = layer.providers.get(key)
            place = None if provider is None else Place.parse(provider.location)
            if place is not None:
                return place.below(Path.cwd())
        sources = (Place.parse(root.source) for root in self.target.roots or () if root.name in problem.id.concerns)
        return next((place.below(Path.cwd()) for place in sources if place is not None), None)

    def _stale(self, entry: ProblemId) -> str:
        return f"entry of {self.baseline} accepts nothing any more: {entry}. Remove it, or use --write-baseline."

    def _summary(self) -> str:
        providers = self.target.container.root_layer.providers.values()
        registered = sum(provider.location not in OWN_PACKAGES for provider in providers)
        roots = {root.name: root.kind for root in self.target.roots or ()}
        others = sum(kind == "other" for kind in roots.values())
        size = ", ".join(
            (
                counted(registered, "provider"),
                counted(len(roots) - others, "route"),
                counted(others, "other root"),
            )
        )
        found = [counted(len(self.verdict.new), "problem")] if self.verdict.new else ["no problems"]
        if self.verdict.stale:
            found.append(f"{len(self.verdict.stale)} stale in the baseline")
        if self.findings.warnings:
            found.append(counted(len(self.findings.warnings), "warning"))
        return f"{size}: {', '.join(found)}"
