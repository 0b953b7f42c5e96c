import asyncio

from fastapi import APIRouter, BackgroundTasks, Depends, WebSocket
from fastapi.responses import StreamingResponse

from ...core.config import get_settings as _settings
from ...services import billing as billing_module
from ..deps import NotificationsDep, billing_or_404, get_current_user, get_pagination

api = APIRouter(prefix="/users", dependencies=[Depends(get_current_user)])
PREFIX = "/v1"


def _notify(user):
    """Runs after the response."""
    from product.services.notifications import get_notification_service

    get_notification_service().send(user)  # call: get_notification_service helper


@api.get(
    f"{PREFIX}/me",
)
async def me(
    notifications: NotificationsDep,
    background: BackgroundTasks,
    page=Depends(get_pagination),
    billing=Depends(billing_or_404),  # call: billing_or_404 depends
):
    if _settings().debug:  # call: get_settings route
        return None
    billing = await billing_module.get_billing_service()  # call: get_billing_service route
    background.add_task(_notify, "me")

    async def events():
        while True:
            service = await billing_module.get_billing_service()  # call: get_billing_service route
            yield service.total()

    total = await asyncio.to_thread(lambda: _settings().debug)  # call: get_settings route
    return StreamingResponse(events()), total


@api.websocket("/live")
async def live(websocket: WebSocket):
    await websocket.accept()
    for _ in range(3):
        _settings()  # call: get_settings route


@api.post("", status_code=201)
def create(limit: int = _settings().limit):  # call: get_settings module
    return limit


class UserView:
    @api.get("/view")
    def view(self):
        return _settings()  # call: get_settings route
