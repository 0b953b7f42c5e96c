"""Ask one library every question, in a process of its own; the parent reads a line per question."""

import asyncio
import json
import logging
import sys
import warnings
from importlib.metadata import version

from benchmarks.behaviour.answers import Answer, Library, Question, no, partly
from benchmarks.behaviour.client import running
from benchmarks.behaviour.libraries import load
from benchmarks.behaviour.questions import QUESTIONS
from benchmarks.behaviour.routes import Route
from benchmarks.behaviour.workload import CannotBeWritten, Journal, Service, standard_graph

LIMIT = 10.0  # seconds after which a question's answer is that it hangs


async def answer(library: Library, question: Question) -> Answer:
    """Ask one question."""
    try:
        async with asyncio.timeout(LIMIT):
            found = await question.ask(library)
    except CannotBeWritten as reason:
        return Answer("n/a", str(reason))
    except TimeoutError:
        return no("it hangs")
    except Exception as error:
        return no(f"it failed with {type(error).__name__}")
    if found.verdict == "yes" and question.name in library.by_hand:
        return partly(library.by_hand[question.name])
    return found


async def check_usual(library: Library) -> None:
    """Raise unless an ordinary request does what it should: then the adapter is wrong, not the library."""
    journal = Journal()

    async def route(service: Service) -> str:
        return f"{service.cache.client.name} {service.session.open}"

    made = library.build(standard_graph(journal), [Route("/", route)])
    async with running(made.app, journal) as client:
        exchange = await client.get("/")
    if (exchange.text, journal.opened, journal.closed) != ("real True", 1, 1):
        raise RuntimeError(exchange, journal)


def main(column: str, skipped: list[str]) -> None:
    """Print what is asked next, and then its answer, as JSON lines."""
    warnings.simplefilter("ignore")
    logging.disable()
    library = load(column)
    asyncio.run(check_usual(library))
    about = {"title": library.title, "setup": library.setup, "remarks": dict(library.remarks)}
    print(json.dumps({**about, "version": version(library.package) if library.package else ""}), flush=True)
    for question in QUESTIONS:
        if question.name not in skipped:
            print(json.dumps({"asking": question.name}), flush=True)
            found = asyncio.run(answer(library, question))
            print(json.dumps({"verdict": found.verdict, "seen": found.seen}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
