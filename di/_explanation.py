"""A compiled plan in words: its source with what each line is there for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from di._compiler import InjectedCall
from di._keys import describe
from di._providers import describe_provider

# What a line that no single provider caused begins with, and what it is there for.
_PURPOSES = {
    "async def injected": "stands in the place of {function}; `values` are its other parameters",
    "scope = current()": "the innermost open scope: that of this request",
    "if scope is None": "the scope of another container is looked through",
    "if scope.state": "somebody resolved here before, or an override, a listener or the debug mode wants to know",
    "scope.state, scope.running": "who resolves while this runs finds what is built in these variables",
    "try:": "from here on, what was built is not lost when something fails",
    "pass": "only singletons are needed: there is nothing to build",
    "if scope.disturbed": "a provider has resolved something itself: the rest is resolved step by step",
    "scope.in_flight = None": "it has arrived",
    "scope.land": "those who waited for it get it",
    "return await step_aside": "the rest is resolved step by step",
    "except BaseException": "whatever a provider raised",
    "explain(scope, error)": "gets the way from the route to the provider as a note",
    "raise": "and is raised unchanged",
    "scope.published, scope.running": "who resolves later finds these objects",
    "scope.state = USED": "from now on there is something in the scope",
    "return await function": "{function} is called with what was built",
    "return await in_thread": "{function} is called in a worker thread with what was built",
}
# The same for the lines that a provider caused: what is looked for in them.
_PARTS = {
    r"refuse_external\(": "a test may only build {what} when it asks for it",
    r"^handle\d+ = ": "opens {what}",
    r"^scope\.published = ": "tells the scope what is built so far, for others run while this waits",
    r"^scope\.in_flight = ": "who asks for {name} meanwhile waits for this one",
    r"^scope\.closers\.append": "it closes with the scope, the newest first",
    r"^v\d+ = scope\.defer": "{what}: built when it is asked for",
    r"^v\d+ = .*handle\d+": "takes what it yields",
    r"^v\d+ = await": "awaits {what}",
    r"^v\d+ = ": "{what}",
}


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A line of a plan's source, without its line end, and what it is there for."""

    text: str
    comment: str

    @property
    def indent(self) -> str:
        """The white space it begins with."""
        return self.text[: len(self.text) - len(self.text.lstrip())]


def explained(call: InjectedCall) -> tuple[dict[str, str], list[ExplainedLine]]:
    """Return the names that stand for singletons, each with what it is, and the lines of the plan for a fresh scope.

    Raises:
        DiError: the graph has a problem there.
    """
    plan = call.plan
    singletons = {name: describe_provider(plan.provider(key)) for key, name in plan.singletons.items()}
    return singletons, list(_lines(call))


def _lines(call: InjectedCall) -> Iterator[ExplainedLine]:
    for number, text in enumerate(call.source.splitlines(), start=1):
        path = call.plan.path_at(number)
        stripped = text.strip()
        if path:
            name, what = describe(path[-1].key), describe_provider(path[-1])
            part = next(comment for pattern, comment in _PARTS.items() if re.search(pattern, stripped))
            yield ExplainedLine(text, part.format(name=name, what=what))
        else:
            purpose = next((words for start, words in _PURPOSES.items() if stripped.startswith(start)), None)
            if purpose is None:  # a value that a FastAPI dependency has put into the scope
                purpose = "given: the value of a dependency of the route"
            yield ExplainedLine(text, purpose.format(function=describe(call.function).rpartition("<locals>.")[2]))
