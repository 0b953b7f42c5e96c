"""Random graphs as data: what is registered, what it needs, and how each provider behaves."""

import enum
from dataclasses import dataclass

from hypothesis import strategies as st


class Form(enum.Enum):
    """What a provider is written as."""

    VALUE = "finished object"
    CLASS = "class"
    FUNCTION = "function"
    COROUTINE = "async function"
    GENERATOR = "generator function"
    ASYNC_GENERATOR = "async generator function"
    MANAGER = "context manager class"
    ASYNC_MANAGER = "async context manager class"


ASYNC_FORMS = frozenset({Form.COROUTINE, Form.ASYNC_GENERATOR, Form.ASYNC_MANAGER})
CLOSING_FORMS = frozenset({Form.GENERATOR, Form.ASYNC_GENERATOR, Form.MANAGER, Form.ASYNC_MANAGER})


class Fails(enum.Enum):
    """How often the set-up of a provider raises."""

    NEVER = 0
    FIRST_TIME = 1
    ALWAYS = 2


class Way(enum.Enum):
    """How a provider asks for an object while it runs, instead of being given it."""

    SCOPE = "await scope.resolve(T)"
    LAZY = "await lazy.get()"
    FACTORY = "await factory()"


@dataclass(frozen=True, slots=True)
class Ask:
    """An object that a provider asks for: while it is set up, or (`later`) when somebody calls what it has made."""

    way: Way
    key: int
    later: bool = False


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """One provider. Keys are numbers; a provider needs and asks for lower ones only.

    `needs` are parameters, the last `keywords` of them keyword-only. `pauses` and `closing_pauses` count the awaits of
    set-up and teardown.
    """

    form: Form
    needs: tuple[int, ...] = ()
    keywords: int = 0
    asks: tuple[Ask, ...] = ()
    pauses: int = 0
    closing_pauses: int = 0
    fails: Fails = Fails.NEVER
    fails_closing: bool = False
    swallows: bool = False

    @property
    def reaches(self) -> tuple[int, ...]:
        """What its signature shows that it may come to hold."""
        return (*self.needs, *(each.key for each in self.asks if each.way is not Way.SCOPE))

    @property
    def runs(self) -> tuple[int, ...]:
        """What may be built for it while it is set up."""
        return (*self.needs, *(each.key for each in self.asks if not each.later))


@dataclass(frozen=True, slots=True)
class Registration:
    """One key of a graph."""

    lifetime: str
    provider: ProviderSpec
    eager: bool = False


Graph = tuple[Registration, ...]


def holds_scoped(graph: Graph, key: int) -> bool:
    """Whether an instance of a key is, or holds, something that lives as long as one scope."""
    registration = graph[key]
    return registration.lifetime == "scoped" or (
        registration.lifetime == "transient" and provider_holds_scoped(graph, registration.provider)
    )


def provider_holds_scoped(graph: Graph, provider: ProviderSpec) -> bool:
    """Whether what a provider is given belongs to one scope."""
    by_hand = any(each.way is Way.SCOPE for each in provider.asks)
    return by_hand or any(holds_scoped(graph, each) for each in provider.reaches)


@st.composite
def provider_specs(draw: st.DrawFn, graph: Graph, *, below: int, free_of_scopes: bool) -> ProviderSpec:
    """Draw a provider of the key `below`; with `free_of_scopes` it may stand under a singleton."""
    form = draw(st.sampled_from(Form))
    if form is Form.VALUE:
        return ProviderSpec(form)
    offered = [each for each in range(below) if not (free_of_scopes and holds_scoped(graph, each))]
    needs = tuple(draw(st.lists(st.sampled_from(offered), max_size=3))) if offered else ()
    is_async, closes = form in ASYNC_FORMS, form in CLOSING_FORMS
    ways = [Way.LAZY, Way.FACTORY] if free_of_scopes else list(Way)
    asks: list[Ask] = []
    may_ask: bool = draw(st.booleans())
    if offered and may_ask:
        # Only what is awaited may ask during its set-up; whatever was given something deferred may ask later.
        later = st.sampled_from([True, False] if is_async else [True])
        asks = draw(st.lists(st.builds(Ask, st.sampled_from(ways), st.sampled_from(offered), later), max_size=2))
    return ProviderSpec(
        form,
        needs,
        keywords=draw(st.integers(0, len(needs))) if needs else 0,
        asks=tuple(asks),
        pauses=draw(st.integers(0, 2)) if is_async else 0,
        closing_pauses=draw(st.integers(0, 1)) if is_async and closes else 0,
        fails=draw(st.sampled_from([Fails.NEVER] * 6 + [Fails.FIRST_TIME, Fails.ALWAYS])),
        fails_closing=closes and draw(st.sampled_from([False] * 5 + [True])),
        swallows=closes and draw(st.booleans()),
    )


@st.composite
def graphs(draw: st.DrawFn, max_size: int = 7) -> Graph:
    """Draw a graph that validates."""
    graph: Graph = ()
    for key in range(draw(st.integers(2, max_size))):
        lifetime = draw(st.sampled_from(["singleton", "scoped", "scoped", "transient"]))
        # Half of the transients may stand under singletons.
        free = lifetime == "singleton" or (lifetime == "transient" and draw(st.booleans()))
        provider = draw(provider_specs(graph, below=key, free_of_scopes=free))
        eager = lifetime == "singleton" and draw(st.booleans())
        graph = (*graph, Registration(lifetime, provider, eager))
    return graph


def fakes(graph: Graph, key: int) -> st.SearchStrategy[ProviderSpec]:
    """Draw an override of a key that keeps the graph valid."""
    registration = graph[key]
    free = registration.lifetime == "singleton" or (
        registration.lifetime == "transient" and not provider_holds_scoped(graph, registration.provider)
    )
    return provider_specs(graph, below=key, free_of_scopes=free)
