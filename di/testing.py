"""A pytest plugin: fixtures that undo themselves, unused overrides and outside calls that fail the test.

It is loaded when `di` is installed. A project replaces the `container` fixture with its own in `conftest.py`.
"""

from collections.abc import Callable, Generator, Iterator
from collections.abc import Container as Membership
from contextlib import ExitStack
from typing import Any

import pytest

from di._container import Container
from di._instances import external_allowed
from di._keys import key_of
from di._overrides import Override

__all__ = ["container", "override"]

_OVERRIDES: pytest.StashKey[list[Override]] = pytest.StashKey()


class _Everything:
    def __contains__(self, key: object) -> bool:
        return True


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers", "allow_external(types=[...]): let these (left out: all) be built although external=True."
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Refuse external providers from the first fixture of a test to the last."""
    marker = item.get_closest_marker("allow_external")
    allowed: Membership[Any] = frozenset()
    if marker is not None:
        types = marker.kwargs.get("types")
        allowed = _Everything() if types is None else frozenset(key_of(hint)[0] for hint in types)
    token = external_allowed.set(allowed)
    try:
        return (yield)
    finally:
        external_allowed.reset(token)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passed without resolving what it overrode."""
    result = yield
    for made in item.stash.get(_OVERRIDES, []):
        made.check_used()
    return result


@pytest.fixture
def container() -> Container:
    """Return an empty container; projects replace this fixture with theirs."""
    return Container()


@pytest.fixture
def override(container: Container, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Return `override(type, fake, strict=True)`: it lasts until the end of the test and must be resolved in it."""
    made = request.node.stash.setdefault(_OVERRIDES, [])
    with ExitStack() as stack:

        def begin(key: Any, fake: Any, *, strict: bool = True) -> Any:
            block = container.override(key, fake, strict=strict)
            stack.enter_context(block)
            made.append(block)
            return fake

        yield begin
