"""Bodies of the asset routes."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from backend.api.schemas.base import ApiModel, ResponseModel
from backend.services.generation.asset_service import AddressedAsset
from backend.services.generation.asset_types import AssetType


class AssetResponse(ResponseModel):
    """Describe a finished picture; `url` works for an hour, and `metadata` says how the picture was made."""

    id: UUID
    job_id: UUID
    user_id: UUID
    asset_type: AssetType
    url: str
    width: int
    height: int
    file_size: int
    is_public: bool
    viral_score: int | None
    metadata: dict[str, Any] = Field(examples=[{"renderer": "local", "model": "local", "seed": 7}])
    created_at: datetime

    @classmethod
    def of(cls, addressed: AddressedAsset) -> Self:
        """Describe an asset with its address."""
        asset = addressed.asset
        return cls(
            id=asset.id,
            job_id=asset.job_id,
            user_id=asset.user_id,
            asset_type=AssetType(asset.asset_type),
            url=addressed.url,
            width=asset.width,
            height=asset.height,
            file_size=asset.file_size,
            is_public=asset.is_public,
            viral_score=asset.viral_score,
            metadata=asset.details,
            created_at=asset.created_at,
        )


class AssetListResponse(ResponseModel):
    """Give a page of assets; `total` counts all that match."""

    assets: list[AssetResponse]
    total: int
    limit: int
    offset: int


class VisibilityUpdate(ApiModel):
    """Show an asset to everybody, or no longer."""

    is_public: bool
