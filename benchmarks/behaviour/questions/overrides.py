"""Other objects for a while, as tests need them."""

import asyncio

from benchmarks.behaviour.answers import YES, Answer, Application, Library, Section, no
from benchmarks.behaviour.client import running
from benchmarks.behaviour.routes import Route
from benchmarks.behaviour.workload import Cache, CannotBeWritten, Client, Journal, standard_graph

OVERRIDES = Section("Overrides in tests")


async def _through_cache(cache: Cache) -> str:
    return cache.client.name


async def _directly(client: Client) -> str:
    return client.name


def _application(library: Library) -> Application:
    return library.build(standard_graph(Journal()), [Route("/cache", _through_cache), Route("/client", _directly)])


@OVERRIDES.question("An override reaches what was already built from the real object")
async def reaches_built(library: Library) -> Answer:
    made = _application(library)
    async with running(made.app, Journal()) as client:
        before = (await client.get("/cache")).text
        if made.override is None:
            raise CannotBeWritten
        async with made.override(Client, Client("fake")) as app:
            if app is made.app:
                seen = (await client.get("/cache")).text
            else:
                async with running(app, Journal()) as other:
                    seen = (await other.get("/cache")).text
    if before != "real":
        return no(f"without an override the route answered {before!r}")
    return YES if seen == "fake" else no("a singleton that was built before kept the real one")


@OVERRIDES.question("Nothing that was built from the fake survives the override")
async def fake_is_gone(library: Library) -> Answer:
    made = _application(library)
    async with running(made.app, Journal()) as client:
        if made.override is None:
            raise CannotBeWritten
        async with made.override(Client, Client("fake")) as app:
            if app is made.app:
                await client.get("/cache")
            else:
                async with running(app, Journal()) as other:
                    await other.get("/cache")
        after = (await client.get("/cache")).text
    return YES if after == "real" else no(f"a singleton that was built meanwhile still holds the {after} one")


@OVERRIDES.question("Two tests at once in one process see each their own fake")
async def concurrent_overrides(library: Library) -> Answer:
    made = _application(library)
    seen: dict[str, str] = {}
    both = asyncio.Barrier(2)

    async with running(made.app, Journal()) as client:

        async def test(name: str) -> None:
            if made.override is None:
                raise CannotBeWritten
            async with made.override(Client, Client(name)) as app:
                await both.wait()
                if app is made.app:
                    seen[name] = (await client.get("/client")).text
                else:
                    async with running(app, Journal()) as other:
                        seen[name] = (await other.get("/client")).text
                await both.wait()

        await asyncio.gather(test("one"), test("two"))
    return YES if seen == {"one": "one", "two": "two"} else no("one test saw the other's fake")
