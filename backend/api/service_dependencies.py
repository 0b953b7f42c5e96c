"""What routes may ask for, one line per service."""

from typing import Annotated

from backend.api.deps import deps
from backend.services.branding.brand_kit_service import BrandKitService
from backend.services.branding.logo_service import LogoService
from backend.services.storage.storage_service import StorageService

BrandKitServiceDep = Annotated[BrandKitService, deps.depends(BrandKitService)]
LogoServiceDep = Annotated[LogoService, deps.depends(LogoService)]
StorageServiceDep = Annotated[StorageService, deps.depends(StorageService)]
