"""Serve HTTP on a socket that the supervisor holds; run as `python -m backend.commands.http_server <descriptor>`."""

import socket
import sys

import uvicorn

from backend.api.main import create_app
from backend.settings import InvalidSettings


def main() -> None:
    """Serve until SIGTERM; running requests get some seconds to finish."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    try:
        app = create_app()
    except InvalidSettings as error:
        sys.exit(str(error))
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
