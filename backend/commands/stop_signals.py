"""Turn SIGINT, SIGTERM and SIGHUP into an orderly stop."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stopping_by_signal(on_first: Callable[[], None]) -> Iterator["StopSignals"]:
    """Run the block until it ends or a signal cancels it, which counts as an end, not as a failure."""
    task = asyncio.current_task()
    if task is None:
        raise NoTask
    loop = asyncio.get_running_loop()
    signals = StopSignals(task, on_first)
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, signals.ask)
    try:
        yield signals
    except asyncio.CancelledError:
        if not signals.asked:
            raise
        task.uncancel()
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


class StopSignals:
    """Cancel the task at the first request and hurry at the next ones."""

    def __init__(self, task: "asyncio.Task[object]", on_first: Callable[[], None]) -> None:
        self._task = task
        self._on_first = on_first
        self._hurry: Callable[[], None] | None = None
        self.asked = False

    def then(self, hurry: Callable[[], None]) -> None:
        """Say what a second request does."""
        self._hurry = hurry

    def ask(self) -> None:
        """Ask for the stop."""
        if not self.asked:
            self.asked = True
            self._on_first()
            self._task.cancel()
        elif self._hurry:
            self._hurry()


class NoTask(RuntimeError):
    """Signals were to stop something that is no asyncio task."""
