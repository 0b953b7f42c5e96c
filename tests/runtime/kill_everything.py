"""Kill every part at random moments while people follow the README, start again, and count what was promised.

    python -m tests.runtime.kill_everything [--kills 30] [--people 2] [--seed 7]

Nothing that was confirmed may be lost: accounts, sessions, kits, logos, jobs, pictures; no job may be made twice, and
the quota must be what the finished jobs cost.
"""

import argparse
import asyncio
import random
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import asyncpg
import psutil

from tests.runtime.readme_person import Person, PromiseBroken
from tests.support.commands import Command

PARTS: Final = {
    "postgres": "postgres -D",
    "valkey": "valkey-server",
    "worker": "backend.cli worker",
    "server": "http_server",
}
EVERYTHING: Final = "everything"
SUPERVISOR: Final = "supervisor"
VICTIMS: Final = (*PARTS, SUPERVISOR, EVERYTHING)
SETTINGS: Final = {
    "JOB_LEASE_SECONDS": "2",
    "JOB_SWEEP_SECONDS": "1",
    "JOB_RETRY_SECONDS": "0.2",
    "JOB_MAX_ATTEMPTS": "20",  # a job may be killed more often than patience would allow in earnest
    "RATE_LIMITING_ENABLED": "false",
}


class Stand:
    """A service on one folder and one port, through all its lives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self._port}"
        self._earlier = ""
        self._command = self._start()

    def kill(self, victim: str) -> None:
        """Kill one part, or all at one moment, and see to it that the service comes back."""
        if victim in PARTS:
            self._command.part(PARTS[victim]).kill()
            return
        if victim == EVERYTHING:
            psutil.Process(self._command.process.pid).suspend()
            for process in self._command.parts():
                process.kill()
        self._command.kill()
        self._command.close()
        self._earlier += f"{self._command.output}\n--- {victim} was killed, and all of it started again\n"
        self._command = self._start()

    def stop(self) -> None:
        """End the service in good order."""
        self._command.close()

    @property
    def output(self) -> str:
        """Return what all its lives have written; the present one has to be stopped before."""
        return self._earlier + self._command.output

    def open_reservations(self) -> int:
        """Count the quota that is neither used nor given back."""
        return asyncio.run(self._count_reserved())

    async def _count_reserved(self) -> int:
        database = f"postgresql://aurastream@/aurastream?host={self._folder / 'data' / 'run'}"
        connection = await asyncpg.connect(database)
        try:
            await connection.execute("set role service_role")
            return int(await connection.fetchval("select count(*) from usage_reservations where state = 'reserved'"))
        finally:
            await connection.close()

    def _start(self) -> Command:
        command = Command(self._folder, "serve", "--port", str(self._port), settings=SETTINGS)
        command.until("^AuraStream is ready")
        return command


def torment(stand: Stand, victims: Sequence[str], people: int, chance: random.Random) -> list[Person]:
    """Kill the victims one by one while people come and go; return the people, their promises checked."""
    done = threading.Event()
    served: list[Person] = []

    def come_and_go() -> None:
        while True:
            person = Person(stand.address)
            served.append(person)
            person.follow_the_readme(pictures=2)
            if done.is_set():
                return

    with ThreadPoolExecutor(people) as crowd:
        visits = [crowd.submit(come_and_go) for _ in range(people)]
        try:
            for victim in victims:
                time.sleep(chance.uniform(0.0, 2.0))  # a random moment is the point
                stand.kill(victim)
        finally:
            done.set()
    try:
        for visit in visits:
            visit.result()
        for person in served:
            person.check_promises()
    except PromiseBroken as broken:
        stand.stop()
        broken.add_note(stand.output)
        raise
    finally:
        for person in served:
            person.close()
    if left := stand.open_reservations():
        raise PromiseBroken(f"{left} reservations of quota are neither used nor given back")
    return served


def plan(kills: int, chance: random.Random) -> list[str]:
    """Return victims in random order, each kind as often as any other."""
    rounds = -(-kills // len(VICTIMS))
    victims = [victim for _ in range(rounds) for victim in chance.sample(VICTIMS, len(VICTIMS))]
    return victims[:kills]


def main() -> None:
    """Run once and say how it went."""
    parser = argparse.ArgumentParser(description="Kill every part at random moments and count what was promised.")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--people", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    folder = Path(tempfile.mkdtemp(prefix="aurastream-kill-"))
    folder.chmod(0o711)
    stand = Stand(folder)
    try:
        started = time.monotonic()
        people = torment(stand, plan(options.kills, chance), options.people, chance)
    except PromiseBroken as broken:
        sys.exit(f"seed {options.seed}, data in {folder}: {broken}")
    finally:
        stand.stop()
    tries = sum(person.tries for person in people)
    seconds = time.monotonic() - started
    sys.stdout.write(f"seed {options.seed}: {options.kills} kills, {len(people)} people, {tries} tries again, ")
    sys.stdout.write(f"{seconds:.0f} s: nothing lost, nothing made twice\n")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
