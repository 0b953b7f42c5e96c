"""The job process: takes entries from the queue and runs each job in a scope of its own."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from time import monotonic
from typing import Any, Final
from uuid import UUID

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import FailingListenerError, RetryRequested
from pgqueuer.domain.models import Job
from pgqueuer.domain.types import Channel, QueueExecutionMode

from backend.container import build_container
from backend.context import RequestContext
from backend.db.caller import Caller, Role
from backend.db.engine import DatabaseUnavailable
from backend.db.queue import GENERATE, open_queue_connection, queue_names, queue_queries
from backend.db.repositories.job_queue import CANCEL_CHANNEL, CLEANUP_CHANNEL
from backend.services.analytics.flush_schedule import AnalyticsFlushSchedule
from backend.services.generation.job_runner import DATABASE_AWAY, Interrupts, JobRunner
from backend.services.generation.sweeper import Sweeper
from backend.settings import Settings
from di import Container

logger = logging.getLogger(__name__)

_POLL: Final = timedelta(seconds=5)
_SHORTEST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_CONNECTION_LOST: Final = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a statement sent after the server said goodbye and before it hung up
    DatabaseUnavailable,
    FailingListenerError,
)


class Worker:
    """Run jobs until told to stop, through restarts of Postgres and Valkey.

    One connection listens to the queue. When it breaks, a new one is opened while the jobs of the old one go on;
    their rows are written through the pool like everything else.
    """

    def __init__(self, container: Container, settings: Settings) -> None:
        self._container = container
        self._settings = settings
        self._slots = asyncio.Semaphore(settings.job_concurrency)
        self._running: dict[UUID, Interrupts] = {}
        self._due_files = asyncio.Event()
        self._stopping = False

    async def run(self, stop: asyncio.Event, *, drain: bool = False) -> None:
        """Work until `stop` is set, then finish what runs, or hand it back after the settings' limit.

        With `drain`, end as soon as nothing is queued and nothing runs.
        """
        sweeper = self._container.resolve(Sweeper)
        async with asyncio.TaskGroup() as tasks:
            sweeping = tasks.create_task(self._sweep(sweeper))
            flushing = tasks.create_task(self._container.resolve(AnalyticsFlushSchedule).run())
            handing_back = tasks.create_task(self._hand_back_after(stop))
            await self._listen(stop, QueueExecutionMode.drain if drain else QueueExecutionMode.continuous)
            sweeping.cancel()
            flushing.cancel()
            handing_back.cancel()

    async def _listen(self, stop: asyncio.Event, mode: QueueExecutionMode) -> None:
        """Keep one queue manager on a connection that works; let those on broken ones finish their jobs."""
        serving: set[asyncio.Task[bool]] = set()
        drained = False
        pause = _SHORTEST_PAUSE
        while not (stop.is_set() or drained):
            began = monotonic()
            try:
                async with open_queue_connection(self._settings) as connection:
                    await self._subscribe(connection)
                    drained = await self._serve(connection, mode, stop, serving)
            except _CONNECTION_LOST as error:
                logger.warning("job queue not reachable", extra={"cause": str(error)})
            if not (stop.is_set() or drained):
                served_well = monotonic() - began > _POLL.total_seconds()
                pause = _SHORTEST_PAUSE if served_well else min(_LONGEST_PAUSE, pause * 2)
                await _wait(stop, pause)
        if serving:
            await asyncio.wait(serving)

    async def _subscribe(self, connection: asyncpg.Connection[Any]) -> None:
        await connection.execute(f"SET ROLE {Role.SERVICE.value}")
        await connection.add_listener(CANCEL_CHANNEL, self._canceled)
        await connection.add_listener(CLEANUP_CHANNEL, self._files_due)

    async def _serve(
        self,
        connection: asyncpg.Connection[Any],
        mode: QueueExecutionMode,
        stop: asyncio.Event,
        serving: set[asyncio.Task[bool]],
    ) -> bool:
        """Run a manager until its connection breaks, or it has drained the queue, which gives True, or `stop`."""
        manager = self._manager(connection)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        task = asyncio.create_task(self._manage(manager, mode))
        serving.add(task)
        task.add_done_callback(serving.discard)
        waits = [asyncio.create_task(event.wait()) for event in (lost, stop)]
        await asyncio.wait({task, *waits}, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        manager.shutdown.set()
        if lost.is_set():
            return False
        return await task and mode is QueueExecutionMode.drain

    def _manager(self, connection: asyncpg.Connection[Any]) -> QueueManager:
        manager = QueueManager(queue_queries(AsyncpgDriver(connection)), Channel(queue_names().channel))
        manager.entrypoint(GENERATE)(self._take)
        return manager

    async def _manage(self, manager: QueueManager, mode: QueueExecutionMode) -> bool:
        """Run a manager to its end; False if its connection broke. Its jobs are finished either way."""
        try:
            await manager.run(
                dequeue_timeout=_POLL,
                batch_size=1,
                mode=mode,
                max_concurrent_tasks=self._settings.job_concurrency,
                shutdown_on_listener_failure=True,
                heartbeat_timeout=timedelta(seconds=self._settings.job_lease_seconds),
            )
        except _CONNECTION_LOST as error:
            logger.warning("job queue lost", extra={"cause": str(error)})
            return False
        return True

    async def _take(self, entry: Job) -> None:
        """Answer one ring of the queue; whatever cannot be done now rings again."""
        job_id = UUID((entry.payload or b"").decode())
        async with self._slots:
            again_in = await self._run(job_id)
        if again_in is not None:
            raise RetryRequested(timedelta(seconds=again_in))

    async def _run(self, job_id: UUID) -> float | None:
        if self._stopping:
            return 0.0
        interrupts = Interrupts()
        self._running[job_id] = interrupts
        try:
            context = {Caller: Caller.service(), RequestContext: RequestContext()}
            async with self._container.scope(context) as scope:
                runner = await scope.resolve(JobRunner)
                return await runner.run(job_id, interrupts)
        except DATABASE_AWAY as error:
            logger.warning("job left to its lease", extra={"job_id": str(job_id), "cause": str(error)})
            return self._settings.job_lease_seconds
        finally:
            del self._running[job_id]

    async def _sweep(self, sweeper: Sweeper) -> None:
        while True:
            try:
                await sweeper.sweep()
            except DATABASE_AWAY as error:
                logger.warning("sweep failed", extra={"cause": str(error)})
            await _wait(self._due_files, self._settings.job_sweep_seconds)
            self._due_files.clear()

    async def _hand_back_after(self, stop: asyncio.Event) -> None:
        await stop.wait()
        logger.info("worker stopping", extra={"jobs": len(self._running)})
        self._stopping = True
        await asyncio.sleep(self._settings.worker_shutdown_seconds)
        for interrupts in self._running.values():
            interrupts.stop.set()

    def _canceled(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        for job_id, interrupts in self._running.items():
            if str(job_id) == payload:
                interrupts.cancel.set()

    def _files_due(self, _connection: object, _pid: int, _channel: str, _payload: object) -> None:
        self._due_files.set()


async def run_worker(settings: Settings, *, drain: bool = False) -> None:
    """Run a worker as this process's work until SIGTERM or SIGINT, or until the queue is drained."""
    with stop_by_signal() as stop:
        async with build_container(settings) as container:
            await Worker(container, settings).run(stop, drain=drain)


@contextmanager
def stop_by_signal() -> Iterator[asyncio.Event]:
    """Give an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
