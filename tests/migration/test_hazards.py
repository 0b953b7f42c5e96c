"""Each hazard of the corpus has tests of its own, which pass on the code as it was written."""

import subprocess
import sys
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
HAZARDS = sorted(CORPUS.glob("hazard_*"))


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


def test_every_hazard_passes_its_own_tests_as_written() -> None:
    assert len(HAZARDS) >= 13
    finished = run_own_tests(HAZARDS)
    assert finished.returncode == 0, finished.stdout + finished.stderr
