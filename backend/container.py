"""The composition root: which parts the backend is made of."""

from backend.api import wiring as api
from backend.clients import wiring as clients
from backend.db import wiring as database
from backend.settings import Settings
from di import Container


def build_container(settings: Settings) -> Container:
    """Register every part; nothing is built or connected before the container starts."""
    container = Container()
    container.singleton(Settings, settings)
    for layer in (clients, database, api):
        layer.register(container)
    return container
