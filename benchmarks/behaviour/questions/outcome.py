"""How a request ended: who is told, and when."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from fastapi import HTTPException
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.background import BackgroundTask

from benchmarks.behaviour.answers import YES, Answer, Library, Section, no, partly
from benchmarks.behaviour.client import Exchange, running
from benchmarks.behaviour.routes import Route
from benchmarks.behaviour.workload import Conflict, Journal, Registration, Service, Session, replaced, standard_graph

OUTCOME = Section("How the request ended")
TOLD = "A request's generator is told"


async def _told(library: Library, handler: Callable[..., Any], failure: str, *, response_model: Any = None) -> Answer:
    """Ask a route that fails whether the session's provider had that failure raised, or sent, at its `yield`."""
    journal = Journal()
    made = library.build(standard_graph(journal), [Route("/", handler, response_model=response_model)])
    async with running(made.app, journal) as client:
        await client.get("/")
    if failure in journal.told:
        return YES
    if journal.told:
        return no(f"it was given {', '.join(journal.told)}")
    if not journal.closed:
        return no("the session was never closed")
    return no("the generator went on after its `yield` as after success")


@OUTCOME.question(f"{TOLD} when the route raised `HTTPException`")
async def http_exception(library: Library) -> Answer:
    async def route(service: Service) -> str:
        raise HTTPException(409)

    return await _told(library, route, "HTTPException")


@OUTCOME.question("… when an exception handler turned the route's error into a response", beginning=TOLD)
async def handled_exception(library: Library) -> Answer:
    async def route(service: Service) -> str:
        raise Conflict

    return await _told(library, route, "Conflict")


@OUTCOME.question("… when the response could not be serialised", beginning=TOLD)
async def unserialisable_response(library: Library) -> Answer:
    async def route(service: Service) -> Any:
        return "not a number"

    return await _told(library, route, "ResponseValidationError", response_model=int)


@OUTCOME.question("… when a streamed body broke", beginning=TOLD)
async def broken_body(library: Library) -> Answer:
    async def route(service: Service) -> Any:
        async def body() -> AsyncIterator[bytes]:
            yield b"one"
            raise Conflict

        return StreamingResponse(body())

    return await _told(library, route, "Conflict")


@OUTCOME.question("… when a background task raised", beginning=TOLD)
async def broken_background_task(library: Library) -> Answer:
    async def route(service: Service) -> Any:
        async def work() -> None:
            raise Conflict

        return JSONResponse("ok", background=BackgroundTask(work))

    return await _told(library, route, "Conflict")


async def _commit(library: Library, commit: Callable[[], Awaitable[None]], journal: Journal) -> Exchange:
    async def commits_after_yield() -> AsyncIterator[Session]:
        session = journal.open_session()
        yield session
        await commit()
        journal.close_session(session)

    def commits_after_yield_sync() -> Iterator[Session]:
        session = journal.open_session()
        yield session
        commit().send(None)  # type: ignore[attr-defined]  # a coroutine that awaits nothing
        journal.close_session(session)

    async def route(service: Service) -> str:
        return "saved"

    make = library.committing_session(journal, commit) or commits_after_yield
    graph = replaced(standard_graph(journal), Registration(Session, make, "scoped", commits_after_yield_sync))
    made = library.build(graph, [Route("/", route)])
    async with running(made.app, journal) as client:
        return await client.get("/")


@OUTCOME.question("A commit runs before the first byte, and the client hears of it when it fails")
async def saved_before_said(library: Library) -> Answer:
    well = Journal()

    async def commit() -> None:
        well.note("commit")

    async def fail() -> None:
        raise ConnectionError

    await _commit(library, commit, well)
    failed = await _commit(library, fail, Journal())
    in_time = "commit" in well.events and well.events.index("commit") < well.events.index("first byte")
    heard = failed.status == 500
    if in_time and heard:
        return YES
    if heard:
        return partly("a failed commit is answered with 500, but a good one comes after the first byte")
    if "commit" not in well.events:
        return no("the code after the `yield` never ran")
    return no("the client got 200 before the commit ran, also when it failed")
