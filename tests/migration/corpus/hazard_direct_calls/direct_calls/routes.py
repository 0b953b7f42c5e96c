from fastapi import APIRouter, FastAPI

from direct_calls.services import get_depot, get_stock

router = APIRouter()


@router.get("/stock/{item}")
async def stock(item: str, factor: int = 1):
    return get_stock().of(item) * factor  # call: get_stock route


@router.get("/depot/{item}")
async def depot(item: str):
    has = await get_depot()  # call: get_depot route
    return await has.has(item)


@router.get("/handed-on")
async def handed_on():
    return get_stock().of("abc")  # call: get_stock route


app = FastAPI()
app.include_router(router)
