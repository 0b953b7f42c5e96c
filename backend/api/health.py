"""Tell a supervisor whether the process lives, and a load balancer whether to send it requests."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from backend.api.deps import deps
from backend.api.errors import responses
from backend.api.readiness import NotReady, Readiness

router = APIRouter(prefix="/health", tags=["operations"])


class Live(BaseModel):
    """Say that the process answers."""

    status: Literal["alive"] = "alive"


class PartHealth(BaseModel):
    """Say how one part is."""

    up: bool
    milliseconds: float
    cause: str | None


class Ready(BaseModel):
    """Say that everything needed answers."""

    status: Literal["ready"] = "ready"
    checks: dict[str, PartHealth]


@router.get("/live", summary="Is the process alive?")
async def live() -> Live:
    """Answer without asking anybody else."""
    return Live()


@router.get("/ready", summary="Can the process serve requests?", responses=responses(NotReady))
async def ready(readiness: Annotated[Readiness, deps.depends(Readiness)]) -> Ready:
    """Ask PostgreSQL and Redis; a 503 names what does not answer, and why."""
    checks = await readiness.check()
    return Ready(
        checks={
            check.name: PartHealth(up=check.up, milliseconds=check.milliseconds, cause=check.cause) for check in checks
        }
    )
