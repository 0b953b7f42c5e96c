"""Measures `di audit` on a generated code base: `python -m benchmarks.audit [--lines 175000]`."""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.migration.large_code_base import Generator


def main() -> None:
    """Generate, audit in a process of its own, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=175_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        truth = Generator(Path(folder), accessors=100, calls=400, patches=600, lines=options.lines).write()
        output = Path(folder) / "audit.json"
        began = time.perf_counter()
        command = [sys.executable, "-m", "di", "audit", folder, "--format", "json", "--output", str(output)]
        subprocess.run(command, check=True)
        took = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{truth.lines:,} lines, {len(truth.accessors)} accessors, {len(truth.calls)} calls")
    print(f"{took:.1f} s ({used.ru_utime:.1f} s of one core), {used.ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    main()
