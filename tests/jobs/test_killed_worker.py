"""A worker process killed at each step: the job is not lost, not made twice, and charged once."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from backend.settings import Settings
from backend.worker import Worker
from di import Container
from tests.support.jobs import (
    StagedImages,
    container_of,
    creations_used,
    eventually,
    let_entries_be_stale,
    let_files_be_due,
    let_lease_expire,
    queue_entries,
    read_assets,
    read_job,
    request_job,
)

ROOT = Path(__file__).parents[2]
STEPS = [10, 30, 70, 85, 100]
"""Claimed, before the model, before the upload, uploaded but not saved, saved but not acknowledged."""


@asynccontextmanager
async def stopped_worker(settings: Settings, step: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a worker process and wait until it stands still at a step."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.worker_process",
        _as_json(settings),
        str(step),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            assert await process.stdout.readline() == f"reached {step}\n".encode()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _as_json(settings: Settings) -> str:
    secrets = {name: value.get_secret_value() for name, value in settings if isinstance(value, SecretStr)}
    return json.dumps(settings.model_dump(mode="json") | secrets)


async def kill(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.wait()


async def work_until_queue_is_empty(container: Container, settings: Settings) -> None:
    stop = asyncio.Event()
    worker = asyncio.create_task(Worker(container, settings).run(stop))

    async def empty() -> bool:
        return await queue_entries(container) == []

    await eventually(empty)
    stop.set()
    await worker


def stored_files(settings: Settings) -> set[str]:
    folder = Path(settings.storage_url.removeprefix("file://")) / "assets"
    return {str(path.relative_to(folder)) for path in folder.rglob("*.png")}


@pytest.mark.parametrize("step", STEPS)
async def test_killed_at_a_step_the_job_completes_once(
    container: Container, settings: Settings, alice: UUID, step: int
) -> None:
    job_id = await request_job(container, alice)
    async with stopped_worker(settings, step) as process:
        await kill(process)
    if step < 100:
        await let_lease_expire(container, job_id)
    await let_entries_be_stale(container)
    await work_until_queue_is_empty(container, settings)
    job = await read_job(container, job_id)
    assets = await read_assets(container, job_id)
    assert (job.status, job.attempt, len(assets)) == ("completed", 1 if step == 100 else 2, 1)
    assert await creations_used(container, alice) == 1
    await let_files_be_due(container)
    assert stored_files(settings) == {assets[0].storage_path}


async def test_job_that_kills_its_last_worker_fails_and_costs_nothing(
    container: Container, settings: Settings, images: StagedImages, alice: UUID
) -> None:
    job_id = await request_job(container, alice)
    impatient = settings.model_copy(update={"job_max_attempts": 1})
    async with stopped_worker(impatient, 30) as process:
        await kill(process)
    await let_lease_expire(container, job_id)
    async with container_of(impatient, images) as other:
        await work_until_queue_is_empty(other, impatient)
    job = await read_job(container, job_id)
    assert (job.status, job.error_code) == ("failed", "WORKER_LOST")
    assert await creations_used(container, alice) == 0


async def test_terminated_worker_ends_by_itself(container: Container, settings: Settings, alice: UUID) -> None:
    job_id = await request_job(container, alice)
    async with stopped_worker(settings.model_copy(update={"worker_shutdown_seconds": 0.0}), 30) as process:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            await process.wait()
    assert (await read_job(container, job_id)).status == "queued"
