"""Serve one of the two applications on a socket: `python -m benchmarks.server.serving injected|globals DESCRIPTOR`."""

import socket
import sys

import uvicorn
from fastapi import FastAPI

from backend.api import main as injected
from backend.settings import Settings
from benchmarks.server import with_globals


def app_of(variant: str) -> FastAPI:
    """Return the application with injection, or the one with module globals."""
    settings = Settings.load()
    return injected.create_app(settings) if variant == "injected" else with_globals.create_app(settings)


def main(variant: str, descriptor: str) -> None:
    """Serve until SIGTERM."""
    options = {"loop": "uvloop", "http": "httptools", "lifespan": "on", "log_config": None}
    config = uvicorn.Config(app_of(variant), access_log=False, proxy_headers=False, server_header=False, **options)  # type: ignore[arg-type]  # one type for all of them
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(descriptor))])


if __name__ == "__main__":
    main(*sys.argv[1:])
