"""The scripts around the Python code."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
SCRIPTS = [
    CHECKOUT / ".ci" / "run",
    *(CHECKOUT / "scripts" / name for name in ("setup", "serve", "test", "check", "lock")),
]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_is_executable_posix_shell(script: Path) -> None:
    assert script.read_text().startswith("#!/bin/sh\n")
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0


def test_machine_without_a_fitting_python_is_told_in_one_line() -> None:
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": "/bin/false"}
    result = subprocess.run(
        [CHECKOUT / "scripts" / "setup"], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "Python 3.11, 3.12 or 3.13" in result.stderr


def test_lock_satisfies_the_project() -> None:
    script = CHECKOUT / "scripts" / "lock_satisfies.py"
    result = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_nothing_names_a_package_registry() -> None:
    names = ("pypi" + ".org", "python" + "hosted")
    tracked = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    for path in tracked.stdout.splitlines():
        content = (CHECKOUT / path).read_bytes() if (CHECKOUT / path).is_file() else b""
        assert not [name for name in names if name.encode() in content], path
