from fastapi import APIRouter, FastAPI

from plain_calls.services import get_prices

router = APIRouter()


@router.get("/price/{item}")
async def price(item: str):
    prices = get_prices()  # call: get_prices route
    return prices.of(item)


@router.get("/two/{item}")
async def two(item: str):
    """Calls another handler as a plain function."""
    return [await price(item), await price(item=item)]


app = FastAPI()
app.include_router(router)
