"""A deliberate slow-down, with which the gate is tested."""

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from benchmarks.rivals import Build
from benchmarks.workload import Workload

TURNS = (
    40  # of a loop that does nothing, for each percent of slow-down; four thousand take about as long as a bare route
)


class SlowMiddleware:
    """Does nothing, for a while, before each request."""

    def __init__(self, app: object, turns: int) -> None:
        self._app = app
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(self._turns):
            pass
        await self._app(scope, receive, send)  # type: ignore[operator]  # an ASGI application


def slowed(build: Build, percent: float) -> Build:
    """Return an adapter whose requests take longer by so many percent of a bare route."""
    if not percent:
        return build

    def build_slowed(workload: Workload) -> FastAPI:
        app = build(workload)
        app.add_middleware(SlowMiddleware, turns=round(percent * TURNS))
        return app

    return build_slowed
