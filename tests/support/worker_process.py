"""A worker process that stops dead at a step, so that a test can kill it there.

Usage: python -m tests.support.worker_process SETTINGS_JSON PROGRESS
"""

from __future__ import annotations

import asyncio
import sys

from backend.services.generation.job_events import JobEvents
from backend.services.generation.jobs import JobEvent
from backend.worker import Worker, stop_by_signal
from tests.support.isolation import IsolatedSettings
from tests.support.jobs import StagedImages, container_of


class StoppingEvents(JobEvents):
    """Publish like the real one until a progress is reached; say so, and never return."""

    def __init__(self, real: JobEvents, stop_at: int) -> None:
        self._real = real
        self._stop_at = stop_at

    async def publish(self, event: JobEvent) -> None:
        """Publish an event that is saved."""
        await self._real.publish(event)
        if event.progress == self._stop_at:
            sys.stdout.write(f"reached {event.progress}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


async def main(settings_json: str, stop_at: int) -> None:
    """Work until killed."""
    settings = IsolatedSettings.model_validate_json(settings_json)
    async with container_of(settings, StagedImages()) as container:
        events = StoppingEvents(container.resolve(JobEvents), stop_at)
        with container.override(JobEvents, events), stop_by_signal() as stop:
            await Worker(container, settings).run(stop)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
