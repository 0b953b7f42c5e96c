from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import shop.services.canonical
from fastapi import APIRouter, Depends
from shop import services
from shop.services import get_auth_service
from shop.services.mail import get_async_mail, get_mail_client as _get

if TYPE_CHECKING:
    from shop.services.canonical import AuthService

router = APIRouter()
early = get_auth_service()  # call: get_auth_service module
AuthDep = Annotated["AuthService", Depends(get_auth_service)]  # call: get_auth_service depends


def current_user(token: str):
    return get_auth_service().login()  # call: get_auth_service depends


def helper():
    return _get().send()  # call: get_mail_client helper


@router.get("/a")
async def a(user=Depends(current_user), auth: AuthService = Depends(get_auth_service)):  # call: get_auth_service depends
    first = services.get_auth_service()  # call: get_auth_service route
    second = shop.services.canonical.get_pdf()  # call: get_pdf route
    third = await get_async_mail()  # call: get_async_mail route

    def closure():
        return _get()  # call: get_mail_client route

    return [first, second, third, closure, lambda: _get()]  # call: get_mail_client route


def create_router() -> APIRouter:
    inner = APIRouter()
    service = get_auth_service()  # call: get_auth_service helper

    @inner.post("")
    async def nested():
        get_auth_service = _get  # shadows the import
        return get_auth_service(), service  # call: get_mail_client route

    return inner


def shadowed(get_auth_service):
    return get_auth_service()


class NotAService(Exception):
    def __init__(self):
        super().__init__(_get())  # call: get_mail_client helper




def plain_endpoint():
    return _get()  # call: get_mail_client route


router.add_api_route("/c", plain_endpoint)
