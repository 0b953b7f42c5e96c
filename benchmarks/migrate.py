"""Measures `di migrate` on a generated code base: `python -m benchmarks.migrate [--lines 175000]`."""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.migration.large_code_base import Generator
from tests.migration.migrating import run_own_tests


def main() -> None:
    """Generate, migrate a copy in a process of its own, print what it took, and how the tests of both end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=175_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before", Path(folder) / "after"
        truth = Generator(before, accessors=100, calls=400, patches=600, lines=options.lines).write()
        shutil.copytree(before, after)
        began = time.perf_counter()
        command = [sys.executable, "-m", "di", "migrate", str(after), "--write", "--format", "json"]
        finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        took = time.perf_counter() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)  # before other children run
        report = json.loads(finished.stdout)
        print(f"{truth.lines:,} lines: {len(report['moved'])} calls moved, {len(report['kept'])} kept")
        print(f"{took:.1f} s ({used.ru_utime:.1f} s of one core), {used.ru_maxrss / 1024:.0f} MB at most")
        for name, root in (("before", before), ("after", after)):
            print(f"tests {name}: {run_own_tests([root]).stdout.strip().splitlines()[-1]}")


if __name__ == "__main__":
    main()
