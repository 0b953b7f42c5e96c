from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI

if TYPE_CHECKING:
    from annotations.services import Clock

router = APIRouter()


def _format(clock: Clock) -> str:
    return f"{clock.now()}:00"


@router.get("/now")
async def now() -> str:
    from annotations.services import get_clock

    clock: Clock = get_clock()  # call: get_clock route
    return _format(clock)


app = FastAPI()
app.include_router(router)
