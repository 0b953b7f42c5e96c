"""A user's finished pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from backend.db.repositories.assets import AssetRepository
from backend.db.tables.generation import Asset
from backend.errors import DomainError
from backend.services.generation.asset_types import AssetType
from backend.services.identity.audit_events import AuditEvent
from backend.services.identity.audit_service import AuditService
from backend.services.storage.buckets import Bucket
from backend.services.storage.storage_service import StorageService

_PUBLIC_SECONDS: Final = 300


class AssetNotFound(DomainError):
    """Say that there is no such asset, or that it is not the caller's to know of."""

    code = "ASSET_NOT_FOUND"
    status = 404

    def __init__(self, asset_id: UUID) -> None:
        super().__init__("Asset not found.", details={"asset_id": str(asset_id)})


@dataclass(frozen=True, slots=True)
class AddressedAsset:
    """Give an asset with an address that reads it for a while."""

    asset: Asset
    url: str


@dataclass(frozen=True, slots=True)
class AssetPage:
    """Give some assets and how many there are in all."""

    assets: Sequence[AddressedAsset]
    total: int


class AssetService:
    """Show, publish and delete assets. Files are private; addresses are signed when an asset is read."""

    def __init__(self, assets: AssetRepository, storage: StorageService, audit: AuditService) -> None:
        self._assets = assets
        self._storage = storage
        self._audit = audit

    async def get(self, user_id: UUID, asset_id: UUID) -> AddressedAsset:
        """Read one asset of a user."""
        return await self._addressed(await self._owned(user_id, asset_id))

    async def list_assets(self, user_id: UUID, *, asset_type: AssetType | None, limit: int, offset: int) -> AssetPage:
        """Read a page of a user's assets, newest first."""
        kind = asset_type.value if asset_type else None
        assets, total = await self._assets.page(user_id, asset_type=kind, limit=limit, offset=offset)
        return AssetPage([await self._addressed(asset) for asset in assets], total)

    async def of_job(self, user_id: UUID, job_id: UUID) -> list[AddressedAsset]:
        """Read the assets of a user's job, largest first."""
        return [await self._addressed(asset) for asset in await self._assets.of_job(user_id, job_id)]

    async def set_visibility(self, user_id: UUID, asset_id: UUID, *, is_public: bool) -> AddressedAsset:
        """Show an asset to everybody under its public address, or no longer."""
        asset = await self._assets.set_public(user_id, asset_id, is_public=is_public)
        if asset is None:
            raise AssetNotFound(asset_id)
        facts = {"asset_id": str(asset_id), "is_public": is_public}
        await self._audit.record(AuditEvent.ASSET_PUBLISHED, user_id=user_id, metadata=facts)
        return await self._addressed(asset)

    async def delete(self, user_id: UUID, asset_id: UUID) -> None:
        """Delete an asset; its file goes as soon as this is saved, and never before."""
        if not await self._assets.delete(user_id, asset_id):
            raise AssetNotFound(asset_id)
        await self._audit.record(AuditEvent.ASSET_DELETED, user_id=user_id, metadata={"asset_id": str(asset_id)})

    async def public_url(self, asset_id: UUID) -> str:
        """Give an address for anybody, where the owner shows the asset; it holds for minutes only."""
        asset = await self._assets.get_public(asset_id)
        if asset is None:
            raise AssetNotFound(asset_id)
        return await self._storage.signed_url(Bucket(asset.bucket), asset.storage_path, _PUBLIC_SECONDS)

    async def _owned(self, user_id: UUID, asset_id: UUID) -> Asset:
        asset = await self._assets.get(user_id, asset_id)
        if asset is None:
            raise AssetNotFound(asset_id)
        return asset

    async def _addressed(self, asset: Asset) -> AddressedAsset:
        return AddressedAsset(asset, await self._storage.signed_url(Bucket(asset.bucket), asset.storage_path))
