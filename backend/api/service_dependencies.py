"""What routes may ask for, one line per service."""

from typing import Annotated

from backend.api.deps import deps
from backend.services.branding.brand_kit_service import BrandKitService
from backend.services.branding.logo_service import LogoService
from backend.services.generation.asset_service import AssetService
from backend.services.generation.generation_service import GenerationService
from backend.services.generation.job_stream import JobStream
from backend.services.storage.storage_service import StorageService

AssetServiceDep = Annotated[AssetService, deps.depends(AssetService)]
BrandKitServiceDep = Annotated[BrandKitService, deps.depends(BrandKitService)]
GenerationServiceDep = Annotated[GenerationService, deps.depends(GenerationService)]
JobStreamDep = Annotated[JobStream, deps.depends(JobStream)]
LogoServiceDep = Annotated[LogoService, deps.depends(LogoService)]
StorageServiceDep = Annotated[StorageService, deps.depends(StorageService)]
