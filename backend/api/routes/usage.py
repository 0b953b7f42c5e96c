"""Monthly usage."""

from fastapi import APIRouter

from backend.api.authentication import CurrentUserDep
from backend.api.errors import responses
from backend.api.schemas.usage import UsageCheckResponse, UsageStatusResponse
from backend.api.service_dependencies import UsageLimitServiceDep
from backend.services.identity.errors import UserNotFound
from backend.services.usage.limits import Feature

router = APIRouter(prefix="/usage", tags=["usage"])


@router.get("/status", summary="Read your usage of this month", responses=responses(401, UserNotFound))
async def read_usage(user: CurrentUserDep, usage: UsageLimitServiceDep) -> UsageStatusResponse:
    """Tell what is used and left of every feature, and when the month ends."""
    return UsageStatusResponse.model_validate(await usage.status(user.id))


@router.get("/check/{feature}", summary="Check one feature", responses=responses(401, UserNotFound))
async def check_usage(feature: Feature, user: CurrentUserDep, usage: UsageLimitServiceDep) -> UsageCheckResponse:
    """Tell whether a feature may be used once more. Nothing is reserved by asking."""
    return UsageCheckResponse.of(feature, await usage.status(user.id))
