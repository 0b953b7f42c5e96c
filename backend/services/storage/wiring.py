"""Register object storage."""

from backend.clients.storage import ObjectStore, open_object_store
from backend.clients.url_signer import UrlSigner
from backend.services.storage.storage_service import StorageService
from backend.settings import Settings
from di import Container


def register(container: Container) -> None:
    """Open the store once per process."""
    container.singleton(UrlSigner, _url_signer)
    container.singleton(ObjectStore, open_object_store)
    container.singleton(StorageService)


def _url_signer(settings: Settings) -> UrlSigner:
    return UrlSigner(settings.jwt_secret_key.get_secret_value())
