"""What is not a matter of one request: start-up, import, memory, and what overrides and listeners cost.

Each is measured in a process of its own: `python -m benchmarks.costs NAME` prints its figures as JSON.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import import_module

from benchmarks.rounds import Progress


@dataclass(frozen=True, slots=True)
class Cost:
    """A figure; the limit of a time is meant for the machine of `WHERE_A_BARE_ROUTE_TAKES`."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    def is_met(self, slowness: float) -> bool:
        """Whether the limit holds on a machine that is so many times slower."""
        return self.limit is None or self.value <= self.limit * (max(slowness, 1) if self.unit == "ms" else 1)


PARTS = ("start", "memory", "watching")
IMPORTS = """
import sys, time
sys.dont_write_bytecode = False  # as where it is installed, whatever the environment says
import fastapi
begun = time.process_time()
import di, middleware
print(time.process_time() - begun)
"""


def measure_costs(*, requests: int, progress: Progress) -> list[Cost]:
    """Measure everything; `requests` is how many the memory is watched over."""
    progress("import time")
    costs = [_import_time()]
    for part in PARTS:
        progress(f"costs: {part}")
        costs += _in_process(part, requests)
    return costs


def _import_time() -> Cost:
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-X", f"pycache_prefix={cache}", "-c", IMPORTS]
        _, *times = [float(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(8)]
    return Cost("import of di and middleware, after FastAPI", statistics.median(times) * 1000, "ms", 100)


def _in_process(part: str, requests: int) -> Iterator[Cost]:
    command = [sys.executable, "-m", "benchmarks.costs", part, str(requests)]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return (Cost(**each) for each in json.loads(found))


def main(part: str, requests: str) -> None:
    """Measure one part."""
    costs: list[Cost] = import_module(f"benchmarks.{part}_costs").measure(int(requests))
    print(json.dumps([asdict(cost) for cost in costs]))


if __name__ == "__main__":
    main(*sys.argv[1:])
