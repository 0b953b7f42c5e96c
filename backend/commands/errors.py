"""Why a command could not do its work; each text is one line, and none holds a password."""

from urllib.parse import parse_qs, urlsplit


class CommandFailed(Exception):
    """Base of what a command tells the person who gave it."""


class PortInUse(CommandFailed):
    """Somebody else listens where the HTTP server should."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} of {host} is in use: stop what uses it, or choose another port, "
            f"for example with scripts/serve --port {port + 1 if port < 65535 else port - 1}"
        )


class AddressNotUsable(CommandFailed):
    """The system refuses to listen on an address."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on port {port} of {host}: {reason}; choose others with --host and --port")


class DatabaseNotUsable(CommandFailed):
    """PostgreSQL cannot be reached, or refuses what is asked of it."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"cannot use the database at {_place(url)}: {reason}; see DATABASE_URL")


class RedisNotUsable(CommandFailed):
    """Redis or Valkey cannot be reached, or refuses what is asked of it."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"cannot use the Redis at {_place(url)}: {reason}; see REDIS_URL")


class NotInProduction(CommandFailed):
    """Demo data was asked for where real people's data is."""

    def __init__(self) -> None:
        super().__init__(
            "seed makes an account with a published password; it does not work with ENVIRONMENT=production"
        )


def _place(url: str) -> str:
    """Return where an address leads, without user and password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or parse_qs(parts.query).get("host", [""])[0], parts.port
    except ValueError:
        return "the given address"
    return f"{host}{f':{port}' if port else ''}{parts.path}"
