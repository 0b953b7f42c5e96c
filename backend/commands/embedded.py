"""`aurastream embedded`: run the servers alone, for a process started by hand or by an editor."""

import asyncio
import sys

from backend.commands.local import local_servers
from backend.commands.stop_signals import stopping_by_signal
from backend.embedded.progress import Progress


async def embedded() -> None:
    """Run PostgreSQL and Valkey until a signal asks to stop; their addresses go to standard output."""
    progress = Progress(sys.stderr)
    with stopping_by_signal(lambda: progress.say("Stopping ...")) as signals:
        async with local_servers(progress) as local:
            signals.then(local.supervisor.hurry)
            for name in ("DATABASE_URL", "REDIS_URL"):
                if name in local.provided:
                    sys.stdout.write(f"{name}={local.provided[name]}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()
