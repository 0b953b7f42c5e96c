import asyncio

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException

from guarded_calls.services import get_reports

router = APIRouter()


def current_user(token: str | None = Header(None)):
    if token is None:
        raise HTTPException(401)
    return token


@router.get("/signed-in")
async def signed_in(user: str = Depends(current_user)):
    reports = get_reports()  # call: get_reports route
    return reports.make()


@router.get("/early")
async def early(dry: bool = False):
    if dry:
        return "dry"
    return get_reports().make()  # call: get_reports route


@router.get("/permission")
async def permission(role: str = "guest"):
    if role != "admin":
        raise HTTPException(403)
    reports = get_reports()  # call: get_reports route
    return reports.make()


@router.get("/waited")
async def waited():
    await asyncio.sleep(0)
    reports = get_reports()  # call: get_reports route
    return reports.make()


app = FastAPI()
app.include_router(router)
