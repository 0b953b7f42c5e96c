"""Promise D1: every problem at once, with the path that leads to it and what to do."""

from typing import TYPE_CHECKING, Any

import pytest

from di import Container, errors
from di._graph import Graph
from di._problems import find_problems
from di._providers import Provider

if TYPE_CHECKING:
    from decimal import Decimal


class Settings: ...


class Session: ...


class Clock: ...


class Users:
    def __init__(self, session: Session) -> None: ...


class Audit:
    def __init__(self, users: Users) -> None: ...


class Left:
    def __init__(self, right: "Right") -> None: ...


class Right:
    def __init__(self, left: Left) -> None: ...


class Untyped:
    def __init__(self, thing) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001 - the mistake under test


class LateHint:
    def __init__(self, amount: "Decimal") -> None: ...


def problems_of(container: Container, roots: Any = None) -> list[errors.DiError]:
    with pytest.raises(errors.GraphError) as caught:
        container.validate(roots)
    return list(caught.value.problems)


def test_d1_all_problems_are_reported_at_once() -> None:
    container = Container()
    container.scoped(Users)
    container.scoped(Left)
    container.scoped(Right)
    container.scoped(Untyped)
    container.scoped(LateHint)
    found = sorted(type(problem).__name__ for problem in problems_of(container))
    assert found == ["CycleError", "MissingProviderError", "UnresolvableHintError", "UnresolvableHintError"]


def test_d1_a_problem_shows_the_path_with_source_lines() -> None:
    container = Container()
    container.scoped(Users)
    container.scoped(Audit)
    (problem,) = problems_of(container, {"GET /audit": Audit})
    assert isinstance(problem, errors.MissingProviderError)
    lines = str(problem).splitlines()
    assert lines[0].startswith("Session has no provider, but Users (scoped, ")
    assert [line.split("->")[1].split()[0] for line in lines[1:]] == ["GET", "Audit", "Users"]
    assert all("test_validation.py:" in line for line in lines[2:])


def test_d1_a_cycle_is_drawn_as_a_circle() -> None:
    container = Container()
    container.singleton(Left)
    container.singleton(Right)
    (problem,) = problems_of(container)
    assert isinstance(problem, errors.CycleError)
    assert "Left -> Right -> Left" in str(problem)


async def test_d1_a_cycle_is_an_error_without_validation_too() -> None:
    container = Container()
    container.singleton(Left, eager=False)
    container.singleton(Right, eager=False)
    with pytest.raises(errors.CycleError):
        container[Left]


def test_d1_a_singleton_must_not_hold_something_scoped() -> None:
    container = Container()
    container.scoped(Session)
    container.singleton(Users)
    (problem,) = problems_of(container)
    assert isinstance(problem, errors.CaptiveDependencyError)
    assert "singleton Users would keep scoped Session for ever" in str(problem)


def test_d1_a_captive_dependency_through_a_transient_is_found() -> None:
    container = Container()
    container.scoped(Session)
    container.transient(Users)
    container.singleton(Audit)
    (problem,) = problems_of(container)
    assert isinstance(problem, errors.CaptiveDependencyError)
    assert "singleton Audit would keep scoped Session" in str(problem)


def test_d1_a_hint_that_exists_only_for_type_checkers_is_named() -> None:
    container = Container()
    container.scoped(LateHint)
    (problem,) = problems_of(container)
    assert isinstance(problem, errors.UnresolvableHintError)
    assert "'amount' of LateHint" in str(problem)
    assert "'Decimal' does not resolve" in str(problem)


def test_d1_one_bad_hint_does_not_hide_the_good_ones() -> None:
    class Half:
        def __init__(self, clock: Clock, amount: "Decimal" = None, unknown=None) -> None:  # type: ignore[assignment, no-untyped-def]  # noqa: ANN001, RUF013
            self.clock = clock

    container = Container()
    container.singleton(Clock)
    container.singleton(Half)
    container.validate()
    assert isinstance(container[Half].clock, Clock)


def test_d1_an_unused_provider_is_a_warning() -> None:
    container = Container()
    container.singleton(Clock)
    container.singleton(Settings)
    with pytest.warns(errors.UnusedProviderWarning, match=r"Settings .*is used by no root"):
        container.validate([Clock])


async def test_d1_start_validates_and_builds_nothing_when_there_are_problems() -> None:
    built: list[int] = []
    container = Container()
    container.singleton(Clock, lambda: built.append(1))
    container.scoped(Users)
    with pytest.raises(errors.GraphError):
        await container.start()
    assert built == []


def test_d1_a_chain_of_thousands_is_walked_without_recursion() -> None:
    container = Container()
    below: type | None = None
    for number in range(5000):
        namespace: dict[str, Any] = {"Below": below}
        parameters = "self, below: Below" if below is not None else "self"
        exec(f"class Link{number}:\n    def __init__({parameters}) -> None: ...\n", namespace)
        below = namespace[f"Link{number}"]
        container.scoped(below)
    reached: set[object] = set()
    assert list(find_problems(container.root_layer, {"the last": below}, reached)) == []
    assert len(reached) == 5000


def test_d1_a_graph_without_problems_is_silent() -> None:
    container = Container()
    container.singleton(Settings)
    container.scoped(Session)
    container.scoped(Users)
    container.validate([Users, Settings])


class CountingGraph(Graph):
    """Counts how often anybody looks a provider up."""

    looks = 0

    def provider(self, key: object) -> Provider | None:
        self.looks += 1
        return super().provider(key)


def chain(container: Container, length: int) -> type:
    """Register transients that each need the one before; the first needs something scoped."""
    below: type = Session
    for _ in range(length):
        namespace: dict[str, Any] = {"Below": below}
        exec("class Link:\n    def __init__(self, one: Below, other: Below) -> None: ...\n", namespace)
        below = namespace["Link"]
        container.transient(below)
    return below


def test_d1_the_effort_grows_with_the_graph_and_not_faster() -> None:
    looks = []
    for length in (500, 1000, 2000):
        container = Container()
        container.scoped(Session)
        last = chain(container, length)
        graph = CountingGraph(container.root_layer.providers)
        assert list(find_problems(graph, {"the last": last})) == []
        looks.append(graph.looks)
    assert looks[2] - looks[1] == 2 * (looks[1] - looks[0])


def test_d1_a_captive_dependency_is_found_through_a_chain_of_transients() -> None:
    container = Container()
    container.scoped(Session)
    last = chain(container, 3)

    def make(link: Any) -> Audit:
        raise AssertionError

    make.__annotations__["link"] = last
    container.singleton(Audit, make)
    (problem,) = problems_of(container)
    assert isinstance(problem, errors.CaptiveDependencyError)
    assert str(problem).splitlines()[-1].strip().startswith("-> Session (scoped")
    assert len(str(problem).splitlines()) == 1 + len(["registration", "Audit", "Link", "Link", "Link", "Session"])
