"""Brand kits."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter

from backend.api.authentication import CurrentUserDep
from backend.api.errors import responses
from backend.api.schemas.brand_kits import (
    BrandKitCreate,
    BrandKitListResponse,
    BrandKitResponse,
    BrandKitUpdate,
)
from backend.api.service_dependencies import BrandKitServiceDep
from backend.services.branding.brand_kit_service import BrandKitLimitExceeded, BrandKitNotFound

router = APIRouter(prefix="/brand-kits", tags=["brand kits"])

_OWN: Final = responses(401, BrandKitNotFound)


@router.get("", summary="List your brand kits", responses=responses(401))
async def list_brand_kits(user: CurrentUserDep, kits: BrandKitServiceDep) -> BrandKitListResponse:
    """Give all your kits, newest first."""
    found = [BrandKitResponse.model_validate(kit) for kit in await kits.list(user.id)]
    active_id = next((kit.id for kit in found if kit.is_active), None)
    return BrandKitListResponse(brand_kits=found, total=len(found), active_id=active_id)


@router.post("", status_code=201, summary="Create a brand kit", responses=responses(401, BrandKitLimitExceeded))
async def create_brand_kit(body: BrandKitCreate, user: CurrentUserDep, kits: BrandKitServiceDep) -> BrandKitResponse:
    """Create a kit; it is inactive, and its sections have their defaults. An account holds at most ten."""
    return BrandKitResponse.model_validate(await kits.create(user.id, body))


@router.get("/active", summary="Read your active brand kit", responses=responses(401))
async def read_active_brand_kit(user: CurrentUserDep, kits: BrandKitServiceDep) -> BrandKitResponse | None:
    """Give the kit you work with, or null when you chose none."""
    kit = await kits.get_active(user.id)
    return None if kit is None else BrandKitResponse.model_validate(kit)


@router.get("/{kit_id}", summary="Read a brand kit", responses=_OWN)
async def read_brand_kit(kit_id: UUID, user: CurrentUserDep, kits: BrandKitServiceDep) -> BrandKitResponse:
    """Give one kit without its sections."""
    return BrandKitResponse.model_validate(await kits.get(user.id, kit_id))


@router.put("/{kit_id}", summary="Change a brand kit", responses=_OWN)
async def update_brand_kit(
    kit_id: UUID, body: BrandKitUpdate, user: CurrentUserDep, kits: BrandKitServiceDep
) -> BrandKitResponse:
    """Change the fields that are given and keep all others; naming one font keeps the other."""
    return BrandKitResponse.model_validate(await kits.update(user.id, kit_id, body))


@router.delete("/{kit_id}", status_code=204, summary="Delete a brand kit", responses=_OWN)
async def delete_brand_kit(kit_id: UUID, user: CurrentUserDep, kits: BrandKitServiceDep) -> None:
    """Delete a kit with its sections and logos."""
    await kits.delete(user.id, kit_id)


@router.post("/{kit_id}/activate", summary="Work with a brand kit", responses=_OWN)
async def activate_brand_kit(kit_id: UUID, user: CurrentUserDep, kits: BrandKitServiceDep) -> BrandKitResponse:
    """Make this kit the active one in the place of any other."""
    return BrandKitResponse.model_validate(await kits.activate(user.id, kit_id))
