"""What a generation job is to those who make, run and watch it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from backend.clients.generation_errors import GenerationFailed, GenerationRateLimited
from backend.clients.storage import StorageFailed
from backend.db.failures import DATABASE_FAILURES
from backend.db.tables.generation import GenerationJob, JobStatus
from backend.errors import DomainError, Unavailable

CLAIMED: Final = 10
PREPARING: Final = 20
GENERATING: Final = 30
BRANDING: Final = 50
UPLOADING: Final = 70
FINALIZING: Final = 85
DONE: Final = 100

_MESSAGES: Final = (
    (CLAIMED, "Starting"),
    (GENERATING, "Generating the image"),
    (BRANDING, "Adding the brand"),
    (UPLOADING, "Uploading"),
    (FINALIZING, "Finalizing"),
    (DONE - 1, "Nearly done"),
)


def progress_message(status: JobStatus, progress: int) -> str:
    """Say in words where a job stands."""
    if status is JobStatus.QUEUED:
        return "Waiting for a worker"
    if status.terminal:
        return {"completed": "Complete", "partial": "Complete in part"}.get(status.value, status.value.capitalize())
    return next(message for limit, message in _MESSAGES if progress <= limit)


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Tell one change of a job; `seq` numbers the changes of a job without gaps, as its row does."""

    job_id: UUID
    seq: int
    status: JobStatus
    progress: int

    @classmethod
    def of(cls, job: GenerationJob) -> Self:
        """Tell where a job's row stands."""
        return cls(job.id, job.event_seq, JobStatus(job.status), job.progress)


class LeaseLost(Exception):
    """Say that another worker holds the job by now, or that it has ended."""

    def __init__(self, job_id: UUID) -> None:
        super().__init__(f"The lease on job {job_id} is gone.")
        self.job_id = job_id


class JobCanceled(Exception):
    """Say that the owner of a running job does not want it any more."""

    def __init__(self, job_id: UUID) -> None:
        super().__init__(f"Job {job_id} was canceled.")
        self.job_id = job_id


class JobTimedOut(DomainError):
    """Say that one try of a job took longer than it may."""

    code = "GENERATION_TIMEOUT"
    status = 504

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The job did not finish within {seconds:.0f} seconds.")


@dataclass(frozen=True, slots=True)
class JobFailure:
    """Say why a try failed, in words its owner may read, and whether another try may help."""

    code: str
    message: str
    retryable: bool
    wait: float = 0.0

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Classify what a try raised; what nobody foresaw is not tried again and not shown."""
        if isinstance(error, (*DATABASE_FAILURES, OSError, TimeoutError)):
            return cls("SERVICE_UNAVAILABLE", "A part of the service did not answer.", retryable=True)
        match error:
            case GenerationRateLimited():
                return cls(error.code, error.message, retryable=True, wait=error.retry_after)
            case GenerationFailed():
                return cls(error.code, error.message, error.retryable)
            case Unavailable() | StorageFailed() | JobTimedOut():
                return cls(error.code, error.message, retryable=True)
            case DomainError():
                return cls(error.code, error.message, retryable=False)
            case _:
                return cls("GENERATION_ERROR", "The image could not be made.", retryable=False)

    @classmethod
    def worker_lost(cls) -> Self:
        """Say that the worker fell silent."""
        return cls("WORKER_LOST", "The job was interrupted too often.", retryable=True)
