"""Services as an application on lagom has them."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import lagom


class Basket:
    def __init__(self, owner: str | None = None) -> None:
        self.owner = owner


class Checkout:
    def __init__(self, basket: Basket) -> None:
        self.basket = basket


class Connection:
    """What a context manager opens; `log` says what became of it."""

    def __init__(self) -> None:
        self.log: list[str] = []


class Clock:
    """It stands still until somebody puts another in its place."""

    def now(self) -> int:
        return 0


F = TypeVar("F", bound=Callable[..., Any])


def definition(container: Any, *, singleton: bool = False) -> Callable[[F], F]:
    """Return lagom's decorator, with types."""
    return cast(Callable[[F], F], lagom.dependency_definition(container, singleton))


def context_definition(container: Any) -> Callable[[F], F]:
    """Return lagom's decorator, with types."""
    return cast(Callable[[F], F], lagom.context_dependency_definition(container))


def define_connection(container: Any, opened: list[Connection]) -> None:
    @context_definition(container)
    def connect() -> Iterator[Connection]:
        opened.append(Connection())
        try:
            yield opened[-1]
            opened[-1].log.append("commit")
        except BaseException as error:
            opened[-1].log.append(type(error).__name__)
            raise
        finally:
            opened[-1].log.append("closed")
