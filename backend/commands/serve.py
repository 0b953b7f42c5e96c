"""`aurastream serve`: everything on one machine, from nothing to an address."""

import asyncio
import errno
import socket
import sys
from dataclasses import dataclass

from backend.commands.database import prepare_database
from backend.commands.errors import AddressNotUsable, PortInUse
from backend.commands.local import Local, local_servers
from backend.commands.stop_signals import stopping_by_signal
from backend.embedded.application import ApplicationProcess
from backend.embedded.errors import Server
from backend.embedded.logs import Log
from backend.embedded.progress import Progress

BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where to listen, how many job workers to run, and whether logs go to the terminal."""

    host: str
    port: int
    workers: int
    show_logs: bool


async def serve(options: ServeOptions) -> None:
    """Serve until a signal asks to stop."""
    progress = Progress(sys.stdout)
    with stopping_by_signal(lambda: progress.say("Stopping ...")) as signals, listen(options) as listener:
        address = _address(listener)
        async with local_servers(progress, public_url=address, logs=not options.show_logs) as local:
            signals.then(local.supervisor.hurry)
            await _start(local, listener, options, progress)
            progress.say(f"AuraStream is ready: {address}/docs (Ctrl-C stops it)")
            await asyncio.Event().wait()
    progress.say("Stopped.")


def listen(options: ServeOptions) -> socket.socket:
    """Take the port before anything is started; raise one line when it cannot be had."""
    host, port = options.host, options.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(host, port) from error
        raise AddressNotUsable(host, port, error.strerror or str(error)) from error
    else:
        return listener


async def _start(local: Local, listener: socket.socket, options: ServeOptions, progress: Progress) -> None:
    await prepare_database(local, progress)
    number = listener.fileno()

    async def answers() -> bool:
        return await _answers(listener)

    http = ApplicationProcess(
        Server.HTTP,
        ["backend.commands.http_server", str(number)],
        settings=local.provided,
        log=None if options.show_logs else Log(local.folder.log("http")),
        keep_open=[number],
        is_ready=answers,
    )
    workers = [
        ApplicationProcess(
            Server.WORKER,
            ["backend.cli", "worker"],
            settings=local.provided,
            log=None if options.show_logs else Log(local.folder.log(f"worker-{index}")),
            grace=local.settings.worker_shutdown_seconds + 5,
        )
        for index in range(1, options.workers + 1)
    ]
    await local.supervisor.start(*workers, http)


async def _answers(listener: socket.socket) -> bool:
    """Ask the server that shares the listener whether it lives."""
    host, port = _reachable(listener)
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET /health/live HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                return (await reader.readline()).startswith(b"HTTP/1.1 200")
            finally:
                writer.close()
    except (TimeoutError, OSError):
        return False


def _reachable(listener: socket.socket) -> tuple[str, int]:
    """Return an address under which this machine reaches the listener, also when it listens on every interface."""
    host, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port


def _address(listener: socket.socket) -> str:
    host, port = _reachable(listener)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
