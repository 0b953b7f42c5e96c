"""`aurastream migrate`: bring the database's schema up to date."""

import sys

from backend.commands.database import prepare_database
from backend.commands.local import local_servers
from backend.embedded.progress import Progress


async def migrate() -> None:
    """Migrate the database the settings name, else the embedded one, started for the occasion if it does not run."""
    progress = Progress(sys.stderr)
    async with local_servers(progress, join=True) as local:
        await prepare_database(local, progress)
