"""How long what belongs to a request lives, and for whom."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anyio
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.background import BackgroundTask

from benchmarks.behaviour.answers import YES, Answer, Library, Section, no, partly
from benchmarks.behaviour.client import let_others_run, running
from benchmarks.behaviour.routes import Route
from benchmarks.behaviour.workload import (
    Client,
    Journal,
    Registration,
    Resolver,
    Service,
    Session,
    replaced,
    standard_graph,
)

LIFETIMES = Section("How long a request's objects live")
OPEN = "A session stays open"


async def _stream(service: Service) -> Any:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield str(service.session.open).encode()
            await asyncio.sleep(0)

    return StreamingResponse(body())


@LIFETIMES.question(f"{OPEN} until the last byte of a streamed body")
async def open_while_streaming(library: Library) -> Answer:
    journal = Journal()
    made = library.build(standard_graph(journal), [Route("/", _stream)])
    async with running(made.app, journal) as client:
        exchange = await client.get("/")
    if exchange.chunks != [b"True"] * 5:
        return no("it was closed when the body was still to be sent")
    return YES if journal.closed == 1 else no("it was never closed")


@LIFETIMES.question("… until the last background task has ended", beginning=OPEN)
async def open_in_background(library: Library) -> Answer:
    journal = Journal()
    seen: list[bool] = []

    async def route(service: Service) -> Any:
        async def work() -> None:
            await asyncio.sleep(0)
            seen.append(service.session.open)

        return JSONResponse("ok", background=BackgroundTask(work))

    made = library.build(standard_graph(journal), [Route("/", route)])
    async with running(made.app, journal) as client:
        await client.get("/")
    if seen != [True]:
        return no("it was closed before the task ran")
    return YES if journal.closed == 1 else no("it was never closed")


@LIFETIMES.question("It closes exactly once when the client leaves in the middle of the body (ASGI 2.3 and 2.4)")
async def client_leaves(library: Library) -> Answer:
    seen = []
    for asgi in ("2.3", "2.4"):
        journal = Journal()
        made = library.build(standard_graph(journal), [Route("/", _stream)])
        async with running(made.app, journal) as client:
            await client.get("/", leave_after=2, asgi=asgi)
        if (journal.opened, journal.closed) != (1, 1):
            seen.append(f"with ASGI {asgi} it was opened {journal.opened} and closed {journal.closed} times")
    return YES if not seen else no("; ".join(seen))


@LIFETIMES.question("When a request is cancelled, a teardown that awaits runs to its end")
async def cancelled_request(library: Library) -> Answer:
    by_task = await _cancelled(library, by_anyio=False)
    by_anyio = await _cancelled(library, by_anyio=True)
    if by_task.verdict == "yes" and by_anyio.verdict == "no":
        return partly(
            "it does after `task.cancel()`, but under an anyio cancel scope (a time limit, a task group, a server "
            f"or middleware built on them): {by_anyio.seen}"
        )
    return by_task if by_task.verdict != "yes" else by_anyio


async def _cancelled(library: Library, *, by_anyio: bool) -> Answer:
    journal = Journal()
    begun = asyncio.Event()

    async def roll_back() -> None:
        journal.note("teardown began")
        for _ in range(3):
            await asyncio.sleep(0)

    async def route(service: Service) -> str:
        begun.set()
        await asyncio.Event().wait()
        return "never"

    made = library.build(standard_graph(journal, before_closing=roll_back), [Route("/", route)])
    async with running(made.app, journal) as client:
        limit = anyio.CancelScope()

        async def serve() -> None:
            with limit:
                await client.get("/")

        request = asyncio.ensure_future(serve())
        await begun.wait()
        if by_anyio:
            limit.cancel()
        else:
            request.cancel()
        await asyncio.wait([request])
        await let_others_run()
    if "teardown began" not in journal.events:
        return no("no teardown that awaits was begun")
    return YES if journal.closed == 1 else no("the teardown was itself cancelled at its first `await`")


@LIFETIMES.question("Each of two concurrent requests has an object of its own")
async def own_object(library: Library) -> Answer:
    journal = Journal()
    seen: list[Session] = []
    both = asyncio.Event()

    async def route(service: Service) -> str:
        seen.append(service.session)
        if len(seen) == 2:
            both.set()
        await both.wait()
        return str(service.session.open)

    made = library.build(standard_graph(journal), [Route("/", route)])
    async with running(made.app, journal) as client:
        await asyncio.gather(client.get("/"), client.get("/"))
    if len({id(session) for session in seen}) == 2:
        return YES
    return no("both got the same session")


@LIFETIMES.question("One request has one object, also when `asyncio.gather` resolves it many times")
async def one_under_gather(library: Library) -> Answer:
    journal = Journal()

    async def open_slowly(client: Client) -> AsyncIterator[Session]:
        session = journal.open_session()
        await asyncio.sleep(0)
        yield session
        journal.close_session(session)

    seen: list[Any] = []

    async def route(resolver: Resolver) -> str:
        seen.extend(await asyncio.gather(*(resolver.resolve(Session) for _ in range(8))))
        return "ok"

    usual = standard_graph(journal)
    sync_make = next(each.sync_make for each in usual if each.key is Session)
    graph = replaced(
        usual,
        Registration(Session, open_slowly, "scoped", sync_make),
        Registration(Resolver, Resolver, "scoped"),
    )
    made = library.build(graph, [Route("/", route)])
    async with running(made.app, journal) as client:
        exchange = await client.get("/")
    if exchange.status != 200:
        return no(f"it failed: {_name(exchange.error)}")
    count = len({id(session) for session in seen})
    return YES if count == 1 else no(f"8 asked, and {count} different sessions were opened")


@LIFETIMES.question("Asked after the request has ended, it refuses and opens nothing")
async def late_resolve(library: Library) -> Answer:
    journal = Journal()
    over = asyncio.Event()
    late: list[asyncio.Task[Any]] = []

    async def route(resolver: Resolver) -> str:
        async def outlive() -> Any:
            await over.wait()
            return await resolver.resolve(Session)

        late.append(asyncio.ensure_future(outlive()))
        return "ok"

    graph = replaced(standard_graph(journal), Registration(Resolver, Resolver, "scoped"))
    made = library.build(graph, [Route("/", route)])
    async with running(made.app, journal) as client:
        exchange = await client.get("/")
        if exchange.status != 200:
            return no(f"it failed: {_name(exchange.error)}")
        over.set()
        await asyncio.wait(late)
        refused = late[0].exception() is not None
        left_open = journal.opened - journal.closed
    if left_open:
        return no("it opened a new session that was still open after the request")
    return YES if refused else partly("it gave the old, closed session")


def _name(error: BaseException | None) -> str:
    return type(error).__name__ if error is not None else "no answer"
