"""Measures `di migrate` on a generated code base: `python -m benchmarks.migrate [--lines 175000]`."""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.migration.large_code_base import Generator


def main() -> None:
    """Generate, run the tests, migrate in a process of its own, run the tests again, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=175_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        truth = Generator(Path(folder), accessors=100, calls=400, patches=600, lines=options.lines).write()
        before = run_tests(folder)
        began = time.perf_counter()
        command = [sys.executable, "-m", "di", "migrate", folder, "--write", "--format", "json"]
        finished = subprocess.run(command, check=True, capture_output=True, text=True)
        took = time.perf_counter() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        report = json.loads(finished.stdout)
        print(f"{truth.lines:,} lines: {len(report['moved'])} calls moved, {len(report['kept'])} kept")
        print(f"{took:.1f} s, {used.ru_maxrss / 1024:.0f} MB at most")
        print(f"tests before: {before}\ntests after:  {run_tests(folder)}")


def run_tests(folder: str) -> str:
    """Return how the code base's own tests end."""
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-c", "/dev/null", "--import-mode=importlib"]
    command = [sys.executable, "-m", "pytest", *options, f"--rootdir={folder}", "-o", f"pythonpath={folder}", folder]
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    return finished.stdout.strip().splitlines()[-1]


if __name__ == "__main__":
    main()
