"""What is wrong with a graph, and when one hears of it."""

import asyncio
from collections.abc import Sequence

from benchmarks.behaviour.answers import YES, Answer, Library, Section, no, partly
from benchmarks.behaviour.client import Exchange, running
from benchmarks.behaviour.routes import Route
from benchmarks.behaviour.workload import (
    CannotBeWritten,
    Chicken,
    Egg,
    Holder,
    Journal,
    Lifetime,
    Postman,
    Registration,
    Report,
    replaced,
    standard_graph,
)

START = Section("What is refused at start")
PATIENCE = 2.0  # seconds after which a request counts as hanging


async def _start(
    library: Library, graph: Sequence[Registration], routes: Sequence[Route]
) -> BaseException | list[Exchange]:
    """Build and start; return what that raised, or else what each route answers, twice."""
    journal = Journal()
    started = False
    try:
        made = library.build(graph, routes)
        async with running(made.app, journal) as client:
            started = True
            return [await client.get(route.path) for route in routes for _ in range(2)]
    except CannotBeWritten:
        raise
    except Exception as error:
        if started:
            raise
        return error


def _texts(error: BaseException | None) -> str:
    """Return the text of an exception and of all that it holds or came from."""
    if error is None:
        return ""
    held = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return " ".join([repr(error), str(error), _texts(error.__cause__), *map(_texts, held)])


@START.question("A singleton that would keep a request's object is refused")
async def captive_dependency(library: Library) -> Answer:
    sessions: list[int] = []

    async def route(holder: Holder) -> str:
        sessions.append(id(holder.session))
        return str(holder.session.open)

    graph = replaced(standard_graph(Journal()), Registration(Holder, Holder, "singleton"))
    seen = await _start(library, graph, [Route("/", route)])
    if isinstance(seen, BaseException):
        return YES if "Session" in _texts(seen) or "session" in _texts(seen) else no(f"it failed with {seen!r}")
    if [each.status for each in seen] == [200, 200]:
        if len(set(sessions)) == 1:
            return no(f"the second request got the first one's session, open: {seen[1].text}")
        return no("it started, and the singleton is made anew with every request")
    return partly(f"it started; the request failed with {type(seen[0].error).__name__}")


@START.question("What routes need and nobody registered is reported, all of it at once")
async def missing_dependencies(library: Library) -> Answer:
    async def report(report: Report) -> str:
        return "ok"

    async def letter(postman: Postman) -> str:
        return "ok"

    graph = replaced(standard_graph(Journal()), Registration(Report, Report, "scoped"))
    seen = await _start(library, graph, [Route("/report", report), Route("/letter", letter)])
    if not isinstance(seen, BaseException):
        return no(f"it started; the requests were answered with {sorted({each.status or 0 for each in seen})}")
    named = [name for name in ("Gateway", "Postman") if name in _texts(seen)]
    if len(named) == 2:
        return YES
    return partly("only the first problem is reported") if named else no(f"it failed with {seen!r}")


@START.question("A cycle is reported")
async def cycle(library: Library) -> Answer:
    async def route(chicken: Chicken) -> str:
        return "ok"

    seen = []
    lifetimes: tuple[Lifetime, ...] = ("scoped", "singleton")
    for lifetime in lifetimes:
        graph = [Registration(Chicken, Chicken, lifetime), Registration(Egg, Egg, lifetime)]
        try:
            started = await asyncio.wait_for(_start(library, graph, [Route("/", route)]), PATIENCE)
        except TimeoutError:
            seen.append(f"of {lifetime} objects: the request hangs")
            continue
        if not isinstance(started, BaseException):
            seen.append(f"of {lifetime} objects: the request failed with {type(started[0].error).__name__}")
    return YES if not seen else no(f"it started with a cycle {'; '.join(seen)}")
