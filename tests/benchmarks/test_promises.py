"""The reference written by hand keeps the promises this layer is compared with it for."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from starlette.responses import Response

from benchmarks.graphs import GRAPHS
from benchmarks.rivals.promises import build
from benchmarks.workload import Workload

WAITING = replace(GRAPHS["S"], waits=True)


class Told:
    """What a client heard, and the state of the work at the first and the last byte."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.status: int | None = None
        self.at_first: tuple[int, int] | None = None
        self.at_last: tuple[int, int] | None = None

    async def send(self, message: Any) -> None:
        state = (self.workload.work.committed, self.workload.work.closed)
        if message["type"] == "http.response.start":
            self.status, self.at_first = message["status"], state
        elif not message.get("more_body"):
            self.at_last = state


async def ask(app: FastAPI, send: Any) -> None:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    await app(scope, receive, send)


@pytest.fixture(params=[GRAPHS["S"], WAITING], ids=["at once", "waits"])
def workload(request: pytest.FixtureRequest) -> Workload:
    return Workload(request.param)


def failing(workload: Workload, error: Exception) -> None:
    """Let the last service of the route fail to be built."""

    def refuse(*needs: Any) -> Any:
        raise error

    workload.types["Checkout"] = refuse  # type: ignore[assignment]  # called like the class


async def test_commit_runs_before_the_first_byte_and_teardown_after_the_last(workload: Workload) -> None:
    told = Told(workload)
    await ask(build(workload), told.send)
    assert (told.status, told.at_first, told.at_last) == (200, (1, 0), (1, 0))
    assert workload.work.closed == workload.work.opened == 2


@pytest.mark.parametrize(("error", "status"), [(HTTPException(409), 409), (KeyError("handled"), 418)])
async def test_a_failure_that_a_handler_answers_rolls_back(workload: Workload, error: Exception, status: int) -> None:
    failing(workload, error)
    app, told = build(workload), Told(workload)

    @app.exception_handler(KeyError)
    async def teapot(request: Any, error: Exception) -> Any:
        return Response(status_code=418)

    await ask(app, told.send)
    assert told.status == status
    work = workload.work
    assert (work.committed, work.rolled_back, work.closed) == (0, 1, 2)


async def test_a_commit_that_fails_gives_an_error_and_no_success(workload: Workload) -> None:
    async def refuse(session: Any) -> None:
        raise HTTPException(503)

    workload.types["Session"].commit = refuse  # type: ignore[attr-defined]  # a generated class
    told = Told(workload)
    await ask(build(workload), told.send)
    assert told.status == 503
    assert (workload.work.rolled_back, workload.work.closed) == (1, 2)


async def test_a_client_that_leaves_after_the_first_byte_is_no_failure(workload: Workload) -> None:
    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - as the server raises it
        await ask(build(workload), send)
    work = workload.work
    assert (work.committed, work.rolled_back, work.closed) == (1, 0, 2)


async def test_a_time_limit_inside_the_teardown_ends_the_teardown_and_not_the_request() -> None:
    workload = Workload(WAITING)

    async def close(session: Any) -> None:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        except TimeoutError:
            workload.work.closed += 1

    workload.types["Session"].close = close  # type: ignore[attr-defined]  # a generated class
    told = Told(workload)
    await ask(build(workload), told.send)
    assert told.status == 200
    assert workload.work.closed == 2


async def test_cancellation_does_not_interrupt_the_teardown() -> None:
    workload = Workload(WAITING)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def close(session: Any) -> None:
        begun.set()
        await go_on.wait()
        workload.work.closed += 1

    workload.types["Session"].close = close  # type: ignore[attr-defined]  # a generated class
    request = asyncio.create_task(ask(build(workload), Told(workload).send))
    await begun.wait()
    request.cancel()
    request.cancel()
    await asyncio.sleep(0)
    request.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert workload.work.closed == 2
