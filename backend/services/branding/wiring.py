"""Register brand kits, logos and the threads that work on pictures."""

from collections.abc import Iterator

from backend.db.repositories.brand_kit_logos import BrandKitLogoRepository
from backend.db.repositories.brand_kits import BrandKitRepository
from backend.services.branding.brand_kit_service import BrandKitService
from backend.services.branding.image_threads import ImageThreads
from backend.services.branding.logo_compositor import LogoCompositor
from backend.services.branding.logo_service import LogoService
from di import Container


def register(container: Container) -> None:
    """Share the threads; give each unit of work services on its own session."""
    container.singleton(ImageThreads, _open_image_threads)
    container.singleton(LogoCompositor)
    container.scoped(BrandKitRepository)
    container.scoped(BrandKitLogoRepository)
    container.scoped(BrandKitService)
    container.scoped(LogoService)


def _open_image_threads() -> Iterator[ImageThreads]:
    threads = ImageThreads()
    try:
        yield threads
    finally:
        threads.close()
