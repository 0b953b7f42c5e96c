"""Questions, their answers, and what a library has to offer to be asked."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from fastapi import FastAPI

from benchmarks.behaviour.routes import Route
from benchmarks.behaviour.workload import Journal, Registration

Verdict = Literal["yes", "partly", "no", "n/a"]


@dataclass(frozen=True)
class Answer:
    """A verdict and, unless it is yes, what was seen."""

    verdict: Verdict
    seen: str = ""


YES = Answer("yes")


def no(seen: str) -> Answer:
    """Answer no."""
    return Answer("no", seen)


def partly(seen: str) -> Answer:
    """Answer partly."""
    return Answer("partly", seen)


@dataclass(frozen=True)
class Application:
    """What an adapter made of a graph and routes.

    `override` puts a finished object in the place of a type and gives the application to be asked meanwhile.
    """

    app: FastAPI
    override: Callable[[type, Any], AbstractAsyncContextManager[FastAPI]] | None = None


class Library(Protocol):
    """An adapter: one library in the set-up that its documentation recommends for FastAPI.

    `remarks` explain answers, by the name of the question. `by_hand` names those that the application's own code gives,
    beside the library: a yes is then a partly.
    """

    title: str
    package: str
    setup: str
    remarks: Mapping[str, str]
    by_hand: Mapping[str, str]

    def build(self, graph: Sequence[Registration], routes: Sequence[Route]) -> Application:
        """Return the application, not started yet."""

    def committing_session(self, journal: Journal, commit: Callable[[], Awaitable[None]]) -> Callable[..., Any] | None:
        """Return the session's provider that commits where the library says, None for: after the `yield`."""


Ask = Callable[[Library], Awaitable[Answer]]


@dataclass(frozen=True)
class Question:
    """A row of the table."""

    name: str
    text: str
    full_text: str
    ask: Ask


@dataclass
class Section:
    """A group of questions."""

    title: str
    questions: list[Question] = field(default_factory=list)

    def question(self, text: str, *, beginning: str = "") -> Callable[[Ask], Ask]:
        """Add a function as a question; its name is the question's. `beginning` is what the text's `…` stands for."""

        def add(ask: Ask) -> Ask:
            self.questions.append(Question(ask.__name__, text, text.replace("…", beginning), ask))
            return ask

        return add
