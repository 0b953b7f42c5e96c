"""`aurastream worker`: run jobs until told to stop."""

import sys

from backend.commands.database import prepare_database
from backend.commands.local import local_servers
from backend.embedded.progress import Progress
from backend.logs import configure_logging
from backend.worker import run_worker


async def work(*, drain: bool) -> None:
    """Run jobs; with `drain`, those that are queued now. Servers of a running `serve` are joined, else started."""
    progress = Progress(sys.stderr)
    async with local_servers(progress, join=True) as local:
        if local.started:
            await prepare_database(local, progress)
        configure_logging(local.settings)
        await run_worker(local.settings, drain=drain)
