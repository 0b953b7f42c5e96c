"""The command line: `aurastream serve | worker | migrate | seed | embedded`."""

import argparse
import asyncio
import sys
from collections.abc import Coroutine, Sequence
from typing import Any

from backend.commands.errors import CommandFailed
from backend.embedded.errors import EmbeddedError
from backend.settings import InvalidSettings

DESCRIPTION = """\
AuraStream's backend. Everything is configured by environment variables or a
.env file; what is not set is provided on this machine: PostgreSQL and Valkey
are started from their wheels, files and mails are kept in a data folder.
"""

EPILOG = """\
most used settings:
  DATABASE_URL         a PostgreSQL of your own or of Supabase
  REDIS_URL            a Redis or Valkey of your own
  STORAGE_URL          file:///folder or s3://bucket
  AURASTREAM_DATA_DIR  the data folder (default: one per checkout, under
                       ~/.local/share/aurastream; /var/lib/aurastream for root)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what a person can mend is one line and exit code 1."""
    options = build_parser().parse_args(arguments)
    try:
        asyncio.run(_command(options))
    except (CommandFailed, EmbeddedError, InvalidSettings) as error:
        print(f"aurastream: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Describe the commands and their options."""
    parser = argparse.ArgumentParser(
        prog="aurastream", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_serve(commands)
    worker = commands.add_parser("worker", help="run jobs; start as many as you like, on as many machines")
    worker.add_argument("--drain", action="store_true", help="run what is queued now, then end")
    commands.add_parser("migrate", help="bring the database's schema up to date")
    commands.add_parser("seed", help="make a demo account with a brand kit; safe to repeat")
    commands.add_parser(
        "embedded",
        help="run PostgreSQL and Valkey alone and print their addresses",
        description="Run PostgreSQL and Valkey until Ctrl-C; the first line says in which folder they keep their data.",
    )
    return parser


def _add_serve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    serve = commands.add_parser("serve", help="run everything on this machine until Ctrl-C")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=_port, default=8000, help="port to listen on, 0 for any (default: %(default)s)")
    serve.add_argument(
        "--workers", type=_count, default=1, metavar="N", help="job workers to run, 0 for none (default: %(default)s)"
    )
    serve.add_argument("--no-worker", dest="workers", action="store_const", const=0, help="same as --workers 0")
    serve.add_argument("--show-logs", action="store_true", help="write logs here instead of the data folder")


def _port(text: str) -> int:
    return _number(text, 0, 65535)


def _count(text: str) -> int:
    return _number(text, 0, 64)


def _number(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise NotInRange(text, least, most)
    return int(text)


class NotInRange(argparse.ArgumentTypeError):
    """An option's value is not a number of the range."""

    def __init__(self, text: str, least: int, most: int) -> None:
        super().__init__(f"{text!r} is not a number from {least} to {most}")


def _command(options: argparse.Namespace) -> Coroutine[Any, Any, None]:
    """Import what one command needs, and no more: `--help` answers at once."""
    if options.command == "serve":
        from backend.commands.serve import ServeOptions, serve

        return serve(ServeOptions(options.host, options.port, options.workers, options.show_logs))
    if options.command == "worker":
        from backend.commands.worker import work

        return work(drain=options.drain)
    if options.command == "migrate":
        from backend.commands.migrate import migrate

        return migrate()
    if options.command == "seed":
        from backend.commands.seed import seed

        return seed()
    from backend.commands.embedded import embedded

    return embedded()


if __name__ == "__main__":
    sys.exit(main())
