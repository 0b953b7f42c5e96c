"""The composition root: which parts the backend is made of."""

from typing import Final

from backend.api import wiring as api
from backend.clients import wiring as clients
from backend.db import wiring as database
from backend.db.repositories.job_queue import JobQueue
from backend.services.analytics import wiring as analytics
from backend.services.analytics.flush_schedule import AnalyticsFlushSchedule
from backend.services.branding import wiring as branding
from backend.services.generation import wiring as generation
from backend.services.generation.job_lifecycle import JobLifecycle
from backend.services.generation.job_runner import JobRunner
from backend.services.generation.sweeper import FileSweeper, Sweeper
from backend.services.identity import wiring as identity
from backend.services.storage import wiring as storage
from backend.services.usage import wiring as usage
from backend.settings import Settings
from di import Container

OUTSIDE_OF_ROUTES: Final = (JobRunner, JobQueue, JobLifecycle, FileSweeper, Sweeper, AnalyticsFlushSchedule)
"""What the worker and units of work inside long ones ask a scope for, where no route says so."""


def build_container(settings: Settings) -> Container:
    """Register every part; nothing is built or connected before the container starts."""
    container = Container()
    container.singleton(Settings, settings)
    for part in (clients, database, storage, identity, usage, branding, generation, analytics, api):
        part.register(container)
    return container
