"""Migrates copies of the corpus, and runs their own tests."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from di._command import main
from di.migration._rewrite.migration import Migration
from di.migration.migrate import add_arguments, migrate_path

CORPUS = Path(__file__).parent / "corpus"


def copy(name: str, folder: Path) -> Path:
    """Copy one package of the corpus."""
    target = folder / name
    shutil.copytree(CORPUS / name, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def plan(path: Path, *arguments: str) -> Migration:
    """Plan a migration without writing."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return migrate_path(parser.parse_args([str(path), *arguments, "--jobs", "1"]))


def migrate(path: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Migrate and write, and return the report."""
    capsys.readouterr()
    assert main(["migrate", str(path), *arguments, "--write", "--jobs", "1", "--format", "json"]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def contents(path: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {
        os.path.relpath(each, path): each.read_bytes()
        for each in sorted(path.rglob("*"))
        if each.is_file() and "__pycache__" not in each.parts
    }


def run_own_tests(roots: list[Path], source: str = ".") -> subprocess.CompletedProcess[str]:
    """Run the tests of packages, whose code lies in a folder below each root, in one process of its own."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            "-c",
            "/dev/null",
            f"--rootdir={roots[0].parent}",
            "--import-mode=importlib",
            "-o",
            f"pythonpath={' '.join(str(root / source) for root in roots)}",
            *(str(root / "tests") for root in roots),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
