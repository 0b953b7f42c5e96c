from typing import Annotated

from fastapi import Depends, HTTPException, Request

from product.core.config import Settings, get_settings
from product.core.container import container
from product.services import (
    NotificationService,
    get_billing_service,
    get_notification_service,
)


def get_notifications() -> NotificationService:  # accessor: get_notifications delegate NotificationService eager=get_notification_service
    return get_notification_service()  # call: get_notification_service depends


NotificationsDep = Annotated[NotificationService, Depends(get_notifications)]  # call: get_notifications depends
SettingsDep = Annotated[Settings, Depends(get_settings)]  # call: get_settings depends


def get_reports():  # accessor: get_reports delegate ReportService eager=container
    return container.reports


def get_database_url() -> str:
    return container.database_url  # call: container helper


async def billing_or_404():  # accessor: billing_or_404 delegate BillingService eager=get_billing_service
    billing = await get_billing_service()  # call: get_billing_service depends
    if billing is None:
        raise HTTPException(404)
    return billing


def get_state_service(request: Request):
    return request.app.state.service


async def get_current_user(request: Request, settings: SettingsDep):
    return (await get_billing_service()).user(request, settings)  # call: get_billing_service depends


class Pagination:
    def __init__(self, page: int = 1):
        self.page = page


def get_pagination(page: int = 1) -> Pagination:
    return Pagination(page)
