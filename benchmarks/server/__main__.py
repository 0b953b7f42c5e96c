"""Compare AuraStream with injection and with module globals, through uvicorn. Run by scripts/bench --server."""

import argparse
import asyncio
import json
import os
import socket
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from backend.db import migrate
from backend.embedded.throw_away import throw_away_servers
from benchmarks import pages, table
from tests.support.isolation import create_database

VARIANTS = ("globals", "injected")
API = "/api/v1"
LIMITS = {"p50": 1.02, "p99": 1.05}  # injected against globals
PASSWORD = "Correct-Horse-7-Battery"
UNLIMITED = "1000000000"


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds, and requests a second, of one variant in one round."""

    p50: float
    p99: float
    p999: float
    throughput: float


class Process:
    """A Python process that answers lines with lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, question: object) -> Any:
        """Send a line and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        return json.loads(await self._process.stdout.readline())


@asynccontextmanager
async def python(*arguments: str, descriptor: int | None = None, **environment: str) -> AsyncIterator[Process]:
    """Run a module in a process until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**26,
        pass_fds=() if descriptor is None else (descriptor,),
        env={**os.environ, **environment},  # noqa: TID251 - handed on, not read
    )
    try:
        yield Process(process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def compare(rounds: int, seconds: float, connections: int) -> dict[str, dict[str, list[Figures]]]:
    """Return figures by route and variant, one for each round; the variants take turns."""
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(throw_away_servers())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await create_database(servers.postgres.url("postgres"), "load")
        await migrate.upgrade(servers.postgres.url("load"))
        settings = _settings(servers.postgres.url("load"), servers.valkey.url(0), folder)
        ports: dict[str, int] = {}
        for variant in VARIANTS:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            listener.listen(512)
            ports[variant] = listener.getsockname()[1]
            number = listener.fileno()
            serving = python("benchmarks.server.serving", variant, str(number), descriptor=number, **settings)
            await stack.enter_async_context(serving)
        requests = await _requests(ports["injected"], connections)
        load = await stack.enter_async_context(python("benchmarks.server.load"))
        found: dict[str, dict[str, list[Figures]]] = {route: {each: [] for each in VARIANTS} for route in requests}
        for number in range(-1, rounds):
            sys.stderr.write(f"round {number + 1} of {rounds}\n")
            for route, each in requests.items():
                for variant in VARIANTS if number % 2 else reversed(VARIANTS):
                    work = {"port": ports[variant], "requests": each, "seconds": seconds}
                    figures = _figures(await load.ask(work), seconds)
                    if number >= 0:  # the first one only warms up
                        found[route][variant].append(figures)
        return found


def _settings(database_url: str, redis_url: str, folder: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "STORAGE_URL": (folder / "storage").as_uri(),
        "MAIL_FOLDER": str(folder / "mail"),
        "JWT_SECRET_KEY": "a-secret-for-benchmarks-only-0123456789",
        "REQUESTS_PER_MINUTE_FREE": UNLIMITED,
        "LOG_LEVEL": "WARNING",
    }


async def _requests(port: int, connections: int) -> dict[str, list[str]]:
    """Make an account with brand kits, and return the requests that read and change them, a kit for each connection."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}{API}", timeout=60) as client:
        account = {"email": "load@example.com", "password": PASSWORD}
        signup = await client.post("/auth/signup", json={**account, "display_name": "Load", "accept_terms": True})
        signup.raise_for_status()
        login = (await client.post("/auth/login", json=account)).raise_for_status().json()
        bearer = f"Bearer {login['access_token']}"
        client.cookies.clear()
        body = {"name": "Load", "primary_colors": ["#7C3AED"], "fonts": {"headline": "Montserrat", "body": "Inter"}}
        paths = []
        for _ in range(connections):
            made = await client.post("/brand-kits", json=body, headers={"authorization": bearer})
            paths.append(f"{API}/brand-kits/{made.raise_for_status().json()['id']}")
    change = json.dumps({"tone": "competitive"})
    head = f"host: 127.0.0.1\r\nauthorization: {bearer}\r\n"
    sized = f"content-type: application/json\r\ncontent-length: {len(change)}\r\n"
    return {
        "read: GET /brand-kits/{id}": [f"GET {path} HTTP/1.1\r\n{head}\r\n" for path in paths],
        "write: PUT /brand-kits/{id}": [f"PUT {path} HTTP/1.1\r\n{head}{sized}\r\n{change}" for path in paths],
    }


def _figures(microseconds: Sequence[int], seconds: float) -> Figures:
    ordered = sorted(microseconds)

    def at(share: float) -> float:
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] / 1000

    return Figures(at(0.5), at(0.99), at(0.999), len(ordered) / seconds)


def summarise(found: dict[str, dict[str, list[Figures]]]) -> tuple[list[list[str]], list[str], list[str]]:
    """Return a table of medians over rounds, a line for each limit, and those exceeded by more than the noise."""
    rows = [["", "p50 ms", "p99 ms", "p99.9 ms", "requests/s"]]
    told, missed = [], []
    for route, variants in found.items():
        for variant in VARIANTS:
            medians = [_median(variants[variant], name) for name in ("p50", "p99", "p999", "throughput")]
            title = "with injection" if variant == "injected" else "module globals"
            rows.append([f"{route}, {title}", *map(table.number, medians)])
        for name, limit in LIMITS.items():
            ratios = _ratios(variants, name)
            low, middle, high = statistics.quantiles(ratios, n=4)
            noise = 1.57 * (high - low) / len(ratios) ** 0.5  # of a median, from its quartiles
            text = f"{route}: {name} with injection is {middle:.3f} ± {noise:.3f} times that with globals"
            told.append(f"- {text}; at most {limit}")
            if middle - noise > limit:
                missed.append(f"{text}, above {limit}")
    return rows, told, missed


def _median(figures: Sequence[Figures], name: str) -> float:
    values: list[float] = [getattr(each, name) for each in figures]
    return statistics.median(values)


def _ratios(variants: dict[str, list[Figures]], name: str) -> list[float]:
    pairs = zip(variants["injected"], variants["globals"], strict=True)
    return [getattr(injected, name) / getattr(by_globals, name) for injected, by_globals in pairs]


def main() -> None:
    """Measure, print, and perhaps write."""
    parser = argparse.ArgumentParser(prog="scripts/bench --server", description=__doc__)
    parser.add_argument("--rounds", type=int, default=90)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of each variant's turn")
    parser.add_argument("--connections", type=int, default=8, help="each with a brand kit of its own: at most 10")
    parser.add_argument("--write", action="store_true", help="replace the committed results and tables")
    options = parser.parse_args()
    found = asyncio.run(compare(options.rounds, options.seconds, options.connections))
    rows, told, missed = summarise(found)
    print(table.plain(rows), *told, sep="\n")
    if options.write:
        table.write("server.csv", rows[0], rows[1:])
        pages.put(pages.PAGE, "server", "\n".join([table.markdown(rows), "", *told]))
        pages.put(pages.README, "server", table.markdown(rows))
    if missed:
        sys.exit("Missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
