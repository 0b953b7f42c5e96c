"""What every library is asked with: a handful of classes, their providers, and a journal of what happened to them."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Lifetime = Literal["singleton", "scoped"]


class Part:
    """Base of everything that is injected, so that an adapter recognises it in a signature."""


class Client(Part):
    """A singleton that is opened asynchronously, such as a pool of connections."""

    def __init__(self, name: str = "real") -> None:
        self.name = name


class Cache(Part):
    """A singleton that holds another one."""

    def __init__(self, client: Client) -> None:
        self.client = client


class Session(Part):
    """What a request opens, and is told how the request ended."""

    def __init__(self) -> None:
        self.open = True


class Repository(Part):
    """Belongs to one request, because it holds the session."""

    def __init__(self, session: Session) -> None:
        self.session = session


class Service(Part):
    """What routes ask for."""

    def __init__(self, repository: Repository, cache: Cache) -> None:
        self.repository = repository
        self.cache = cache

    @property
    def session(self) -> Session:
        """The session of this request."""
        return self.repository.session


class Resolver(Part):
    """The library's own way to get something by type in the middle of a request."""

    def __init__(self, resolve: Callable[[type], Awaitable[Any]]) -> None:
        self.resolve = resolve


class Conflict(Exception):
    """A domain error that the application has an exception handler for."""


class CannotBeWritten(Exception):
    """The library has nothing for what a question asks about; the text says why."""


@dataclass(frozen=True)
class Registration:
    """One line of a graph: how a type is made, and how long it lives.

    `sync_make` is the provider for libraries that cannot await; `lazy` asks not to build it at start.
    """

    key: type
    make: Callable[..., Any]
    lifetime: Lifetime
    sync_make: Callable[..., Any] | None = None
    lazy: bool = False


@dataclass
class Journal:
    """What happened, in order."""

    events: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    opened: int = 0
    closed: int = 0

    def note(self, event: str) -> None:
        """Write an event down."""
        self.events.append(event)

    def open_session(self) -> Session:
        """Make a session and write it down."""
        self.opened += 1
        self.note("session opened")
        return Session()

    def close_session(self, session: Session) -> None:
        """Close a session and write it down."""
        self.closed += 1
        session.open = False
        self.note("session closed")

    def tell(self, failure: object) -> None:
        """Write down which failure a session's provider was given, and what that came from."""
        if isinstance(failure, BaseException):
            self.told.append(type(failure).__name__)
            self.tell(failure.__cause__)


def standard_graph(
    journal: Journal, *, before_closing: Callable[[], Awaitable[None]] | None = None
) -> list[Registration]:
    """Return the usual graph; `before_closing` is awaited in the session's teardown."""

    async def open_client() -> AsyncIterator[Client]:
        yield Client()

    def open_client_sync() -> Iterator[Client]:
        yield Client()

    async def open_session(client: Client) -> AsyncIterator[Session]:
        session = journal.open_session()
        try:
            failure = yield session  # dishka sends the failure, the others raise it
            journal.tell(failure)
        except BaseException as error:
            journal.tell(error)
            raise
        finally:
            if before_closing is not None:
                await before_closing()
            journal.close_session(session)

    def open_session_sync(client: Client) -> Iterator[Session]:
        session = journal.open_session()
        try:
            yield session
        except BaseException as error:
            journal.tell(error)
            raise
        finally:
            journal.close_session(session)

    return [
        Registration(Client, open_client, "singleton", open_client_sync),
        Registration(Cache, Cache, "singleton"),
        Registration(Session, open_session, "scoped", open_session_sync),
        Registration(Repository, Repository, "scoped"),
        Registration(Service, Service, "scoped"),
    ]


def without_await(graph: list[Registration]) -> list[Registration]:
    """Return a graph whose providers are all synchronous."""
    return [replace(each, make=each.sync_make or each.make) for each in graph]


def replaced(graph: list[Registration], *changed: Registration) -> list[Registration]:
    """Return a graph with other registrations for some types, and further ones at its end."""
    by_key = {each.key: each for each in changed}
    known = {each.key for each in graph}
    return [by_key.get(each.key, each) for each in graph] + [each for each in changed if each.key not in known]


class Gateway(Part, ABC):
    """Nobody registers this."""

    @abstractmethod
    def send(self) -> None:
        """Never called."""


class Report(Part):
    """Needs what nobody registered."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway


class Postman(Part, ABC):
    """Nobody registers this either; a route asks for it."""

    @abstractmethod
    def send(self) -> None:
        """Never called."""


class Chicken(Part):
    """Needs an egg."""

    def __init__(self, egg: "Egg") -> None:
        self.egg = egg


class Egg(Part):
    """Needs a chicken."""

    def __init__(self, chicken: Chicken) -> None:
        self.chicken = chicken


class Holder(Part):
    """A singleton that wants to keep the session of one request."""

    def __init__(self, session: Session) -> None:
        self.session = session


class Slow(Part):
    """A singleton whose opening takes a while."""
