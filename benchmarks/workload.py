"""A graph as Python code: classes, their providers, the route that asks for them, and counters of what was done."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from benchmarks.graphs import Graph, Kind, Service


class Work:
    """What was done: instances built by name, and what was opened, committed, rolled back and closed."""

    __slots__ = ("built", "closed", "committed", "opened", "rolled_back")

    def __init__(self) -> None:
        self.built: Counter[str] = Counter()
        self.clear()

    def clear(self) -> None:
        """Count from nought again."""
        self.built.clear()
        self.opened = self.committed = self.rolled_back = self.closed = 0


class Workload:
    """The classes of one graph.

    Args:
        graph: what to generate.
        counting: whether every constructor counts what it builds; measured workloads do not.
    """

    def __init__(self, graph: Graph, *, counting: bool = False) -> None:
        self.graph = graph
        self.work = Work()
        self.seen: list[tuple[Any, ...]] = [()]  # what the route was given last
        self.services = {service.name: service for service in graph.services}
        self.types: dict[str, type] = {}
        for service in graph.services:
            if service.kind is Kind.SESSION:
                made = _session_type(self.work, waits=graph.waits, counting=counting)
            else:
                made = self._class(service, counting=counting)
            made.service = service.name
            self.types[service.name] = made

    @cached_property
    def singletons(self) -> dict[str, Any]:
        """The singletons, built by hand, by name."""
        built: dict[str, Any] = {}
        for service in self.graph.services:
            if service.lifetime == "singleton":
                built[service.name] = self.types[service.name](*(built[need] for need in service.needs))
        return built

    @property
    def scoped(self) -> Iterator[Service]:
        """What belongs to a request, in dependency order."""
        return (service for service in self.graph.services if service.lifetime == "scoped")

    def provider(self, service: Service) -> Callable[..., Any]:
        """Return what makes a service: its class, a generator function or an async generator function.

        Parameters are annotated with types, the return value too.
        """
        made = self.types[service.name]
        if service.kind is Kind.SESSION:
            return session_provider(made)
        if service.kind is Kind.PLAIN:
            return made
        return self._generator(service, is_async=service.kind is Kind.ASYNC_GENERATOR)

    def synchronous_provider(self, service: Service) -> Callable[..., Any]:
        """Return the same for who knows no asynchronous providers: generator functions, also for sessions."""
        made = self.types[service.name]
        if service.kind is Kind.SESSION:
            return synchronous_session_provider(made)
        return made if service.kind is Kind.PLAIN else self.generator(service)

    def generator(self, service: Service) -> Callable[..., Iterator[Any]]:
        """Return a generator function that makes a service and does nothing when it is closed."""
        return self._generator(service, is_async=False)

    def endpoint(
        self, annotation: Callable[[type], Any], further: Mapping[str, Any] | None = None
    ) -> Callable[..., Any]:
        """Return the route: a coroutine function that takes what the graph asks for and returns "ok".

        Args:
            annotation: what the parameter for a type is annotated with.
            further: parameters that are taken and not used, with their annotations.
        """
        names = [f"p{number}" for number in range(len(self.graph.asked))]
        annotations = dict(zip(names, (annotation(self.types[name]) for name in self.graph.asked), strict=True))
        annotations |= dict(further or {})
        parameters = ", ".join(f"{name}: A_{name}" for name in annotations)
        body = [f"    seen[0] = ({', '.join(names)},)", '    return "ok"']
        source = "\n".join([f"async def index({parameters}) -> str:", *body])
        made: Callable[..., Any] = _made(
            source, "index", {"seen": self.seen, **{f"A_{name}": each for name, each in annotations.items()}}
        )
        return made

    def reached(self) -> dict[str, Any]:
        """Return every object that hangs on what the route was given last, by the name of its service.

        Raises:
            TwoObjectsError: something that is to be shared exists twice.
        """
        found: dict[str, Any] = {}
        waiting = list(self.seen[0])
        while waiting:
            each = waiting.pop()
            name = each.service
            if name not in found:
                found[name] = each
                waiting += [need for need in vars(each).values() if hasattr(need, "service")]
            elif found[name] is not each:
                raise TwoObjectsError(name)
        return found

    def _class(self, service: Service, *, counting: bool) -> type:
        names = [f"p{number}" for number in range(len(service.needs))]
        parameters = "".join(f", {name}: A_{name}" for name in names)
        body = [f"        self.{name} = {name}" for name in names]
        body += [f"        built[{service.name!r}] += 1"] if counting else []
        source = [f"class {service.name}:", f"    def __init__(self{parameters}) -> None:", *(body or ["        pass"])]
        made: type = _made("\n".join(source), service.name, self._annotations(service) | {"built": self.work.built})
        return made

    def _generator(self, service: Service, *, is_async: bool) -> Callable[..., Any]:
        names = [f"p{number}" for number in range(len(service.needs))]
        parameters = ", ".join(f"{name}: A_{name}" for name in names)
        source = [f"{'async ' if is_async else ''}def open_{service.name}({parameters}) -> Yielded:"]
        counted = service.kind is not Kind.PLAIN
        source += ["    work.opened += 1"] if counted else []
        source += ["    try:", f"        yield made({', '.join(names)})"]
        source += ["    finally:", f"        {'work.closed += 1' if counted else 'pass'}"]
        made = self.types[service.name]
        yielded: Any = AsyncIterator if is_async else Iterator
        names_used = self._annotations(service) | {"made": made, "Yielded": yielded[made], "work": self.work}
        opens: Callable[..., Any] = _made("\n".join(source), f"open_{service.name}", names_used)
        return opens

    def _annotations(self, service: Service) -> dict[str, Any]:
        return {f"A_p{number}": self.types[need] for number, need in enumerate(service.needs)}


class TwoObjectsError(Exception):
    """An object that everybody should share was built more than once for one request."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is there twice")


def session_provider(session_type: Any) -> Callable[..., AsyncIterator[Any]]:
    """Return the usual provider of a session: commit when the unit of work went well, else roll back."""

    async def open_session() -> AsyncIterator[Any]:
        session = session_type()
        try:
            yield session
        except BaseException:
            await session.rollback()
            raise
        else:
            await session.commit()
        finally:
            await session.close()

    open_session.__annotations__["return"] = AsyncIterator[session_type]
    return open_session


def synchronous_session_provider(session_type: Any) -> Callable[..., Iterator[Any]]:
    """Return the same as a generator function."""

    def open_session() -> Iterator[Any]:
        session = session_type()
        try:
            yield session
        except BaseException:
            session.rollback_now()
            raise
        else:
            session.commit_now()
        finally:
            session.close_now()

    open_session.__annotations__["return"] = Iterator[session_type]
    return open_session


def _session_type(work: Work, *, waits: bool, counting: bool) -> Any:
    class Session:
        def __init__(self) -> None:
            work.opened += 1
            if counting:
                work.built["Session"] += 1

        async def commit(self) -> None:
            work.committed += 1

        async def rollback(self) -> None:
            work.rolled_back += 1

        async def close(self) -> None:
            if waits:
                await asyncio.sleep(0)
            work.closed += 1

        def commit_now(self) -> None:
            work.committed += 1

        def rollback_now(self) -> None:
            work.rolled_back += 1

        def close_now(self) -> None:
            work.closed += 1

    return Session


def _made(source: str, name: str, names: dict[str, Any]) -> Any:
    exec(compile(source, f"<benchmark {name}>", "exec"), names)
    return names[name]
