"""A singleton on its way: who builds it, and who waits for whom."""

import concurrent.futures
import contextvars
import threading
from typing import Any

from di._keys import Key


class Build:
    """A singleton that is being built: in a thread when nothing is awaited, else (`thread` is None) in a task."""

    __slots__ = ("future", "key", "thread", "waits_for")

    def __init__(self, key: Key, thread: threading.Thread | None) -> None:
        self.key = key
        self.thread = thread
        self.waits_for: set[Build] = set()
        self.future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self.future.set_running_or_notify_cancel()  # a running future cannot be cancelled by one of its waiters

    def way_to(self, wanted: "Build") -> "list[Build] | None":
        """Return the builds that wait for each other from this one to another, both included."""
        ways, seen = [[self]], {self}
        while ways:
            way = ways.pop()
            if way[-1] is wanted:
                return way
            ways += [[*way, each] for each in way[-1].waits_for if each not in seen]
            seen |= way[-1].waits_for
        return None

    def waits_for_a_task(self) -> bool:
        """Whether it cannot end without an event loop that runs."""
        return self.thread is None or any(each.waits_for_a_task() for each in self.waits_for)


# The build that this code runs in, if it runs in one.
running: contextvars.ContextVar[Build | None] = contextvars.ContextVar("di_running_build", default=None)
