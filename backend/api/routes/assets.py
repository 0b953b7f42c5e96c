"""A user's finished pictures, and the ones shown to everybody."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from backend.api.authentication import CurrentUserDep
from backend.api.errors import responses
from backend.api.schemas.assets import AssetListResponse, AssetResponse, VisibilityUpdate
from backend.api.service_dependencies import AssetServiceDep
from backend.services.generation.asset_service import AssetNotFound
from backend.services.generation.asset_types import AssetType

router = APIRouter(tags=["assets"])

_OWN: Final = responses(401, AssetNotFound)
Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


@router.get("/assets", summary="List your assets", responses=responses(401))
async def list_assets(
    user: CurrentUserDep,
    assets: AssetServiceDep,
    asset_type: AssetType | None = None,
    limit: Limit = 20,
    offset: Offset = 0,
) -> AssetListResponse:
    """Give finished pictures, newest first."""
    page = await assets.list_assets(user.id, asset_type=asset_type, limit=limit, offset=offset)
    return AssetListResponse(
        assets=[AssetResponse.of(asset) for asset in page.assets], total=page.total, limit=limit, offset=offset
    )


@router.get("/assets/{asset_id}", summary="Read an asset", responses=_OWN)
async def read_asset(asset_id: UUID, user: CurrentUserDep, assets: AssetServiceDep) -> AssetResponse:
    """Describe one finished picture, with an address that works for an hour."""
    return AssetResponse.of(await assets.get(user.id, asset_id))


@router.delete("/assets/{asset_id}", status_code=204, summary="Delete an asset", responses=_OWN)
async def delete_asset(asset_id: UUID, user: CurrentUserDep, assets: AssetServiceDep) -> Response:
    """Delete a picture; its file is gone moments later."""
    await assets.delete(user.id, asset_id)
    return Response(status_code=204)


@router.put("/assets/{asset_id}/visibility", summary="Publish or hide an asset", responses=_OWN)
async def set_visibility(
    asset_id: UUID, body: VisibilityUpdate, user: CurrentUserDep, assets: AssetServiceDep
) -> AssetResponse:
    """Show a picture to everybody under `/api/v1/asset/{id}`, or no longer."""
    return AssetResponse.of(await assets.set_visibility(user.id, asset_id, is_public=body.is_public))


@router.get(
    "/asset/{asset_id}",
    status_code=302,
    summary="See a public asset",
    response_class=RedirectResponse,
    responses={302: {"description": "Where the picture is for the next minutes"}, **responses(AssetNotFound)},
)
async def see_public_asset(asset_id: UUID, assets: AssetServiceDep) -> RedirectResponse:
    """Lead anybody to a picture that its owner shows; everything else does not exist here."""
    return RedirectResponse(await assets.public_url(asset_id), 302, {"Cache-Control": "no-store"})
