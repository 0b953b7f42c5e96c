"""Provide, on this machine, whatever address or secret no setting names."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self

from backend.embedded.account import Account
from backend.embedded.data_folder import DataFolder
from backend.embedded.errors import FolderInUse
from backend.embedded.logs import Log
from backend.embedded.postgres import EmbeddedPostgres
from backend.embedded.progress import Progress
from backend.embedded.settings import LocalSettings
from backend.embedded.supervisor import Supervisor
from backend.embedded.valkey import EmbeddedValkey
from backend.settings import Settings

PRODUCTION: Final = "production"
QUICK_STOP: Final = "2"  # seconds: whoever works on one machine wants Ctrl-C to be quick


@dataclass(frozen=True, slots=True)
class Needs:
    """Which parts the data folder must provide because no setting names them."""

    postgres: bool
    valkey: bool
    storage: bool
    mail: bool
    secret: bool

    @classmethod
    def of(cls, given: LocalSettings) -> Self:
        """Read them off the settings; in production a signing secret is never made up."""
        return cls(
            postgres=given.database_url is None,
            valkey=given.redis_url is None,
            storage=given.storage_url is None,
            mail=given.mail_folder is None and given.smtp_host is None,
            secret=given.jwt_secret_key is None and given.environment.lower() != PRODUCTION,
        )

    @property
    def folder(self) -> bool:
        """Tell whether a data folder is needed at all."""
        return self.postgres or self.valkey or self.storage or self.mail or self.secret


@dataclass(frozen=True, slots=True)
class Local:
    """Everything the commands share: the folder, its servers, and the settings that complete the given ones."""

    folder: DataFolder
    supervisor: Supervisor
    postgres: EmbeddedPostgres | None
    valkey: EmbeddedValkey | None
    provided: dict[str, str]
    settings: Settings
    started: bool


@asynccontextmanager
async def local_servers(
    progress: Progress, *, public_url: str | None = None, join: bool = False, logs: bool = False
) -> AsyncIterator[Local]:
    """Start the embedded servers that are needed and stop them at the end.

    With `join`, servers that a running `serve` already holds are used instead of refused. Where every address is set,
    nothing is started or held, and the folder is used for `logs` at most.
    """
    account = Account.of_servers()
    given = LocalSettings.load()
    folder = DataFolder.choose(given, account)
    needs = Needs.of(given)
    async with AsyncExitStack() as stack:
        if needs.folder or logs:
            folder.prepare(account)
        postgres = _postgres(folder, account) if needs.postgres else None
        valkey = _valkey(folder, account) if needs.valkey else None
        servers = [server for server in (postgres, valkey) if server]
        ours = bool(servers) and _hold(folder, stack, join=join)
        provided = _provide(given, needs, folder, public_url)
        provided |= {"DATABASE_URL": postgres.url()} if postgres else {}
        provided |= {"REDIS_URL": valkey.url()} if valkey else {}
        settings = Settings.load(**{name.lower(): value for name, value in provided.items()})
        supervisor = await stack.enter_async_context(Supervisor(progress))
        if ours:
            progress.say(f"AuraStream keeps its data in {folder.path}")
            await supervisor.start(*servers)
        yield Local(folder, supervisor, postgres, valkey, provided, settings, started=ours)


def _hold(folder: DataFolder, stack: AsyncExitStack, *, join: bool) -> bool:
    try:
        stack.enter_context(folder.held())
    except FolderInUse:
        if not join:
            raise
        return False
    return True


def _postgres(folder: DataFolder, account: Account) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder.postgres, sockets=folder.sockets, log=Log(folder.log("postgres")), account=account)


def _valkey(folder: DataFolder, account: Account) -> EmbeddedValkey:
    return EmbeddedValkey(folder.valkey, sockets=folder.sockets, log=Log(folder.log("valkey")), account=account)


def _provide(given: LocalSettings, needs: Needs, folder: DataFolder, public_url: str | None) -> dict[str, str]:
    """Return what completes the settings, but for the servers."""
    provided = {
        "STORAGE_URL": folder.storage.as_uri() if needs.storage else None,
        "MAIL_FOLDER": str(folder.mail) if needs.mail else None,
        "JWT_SECRET_KEY": folder.secret() if needs.secret else None,
        "PUBLIC_URL": None if given.public_url else public_url,
        "WORKER_SHUTDOWN_SECONDS": None if given.worker_shutdown_seconds else QUICK_STOP,
    }
    return {name: value for name, value in provided.items() if value}
