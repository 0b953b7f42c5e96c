"""Run tests again and again, each time in a fork that finds everything but them and `di` imported: a request a line."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable

import lagom.experimental.definitions  # noqa: F401 - imported here so as not to be imported in each fork
import pydantic  # noqa: F401
import pytest
import pytest_asyncio  # noqa: F401
import pytest_timeout  # noqa: F401


def main() -> None:
    """Answer `[seconds, arguments of pytest]` by whether all tests pass in that time."""
    for line in sys.stdin:
        seconds, arguments = json.loads(line)
        sys.stdout.write(json.dumps(_passes_in_time(seconds, lambda given=arguments: int(pytest.main(given)))) + "\n")
        sys.stdout.flush()


def _passes_in_time(seconds: float, run: Callable[[], int]) -> bool:
    child = os.fork()
    if child == 0:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nothing, number)
        os._exit(run())
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


if __name__ == "__main__":
    main()
