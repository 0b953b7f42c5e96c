from fastapi import APIRouter, FastAPI

from patches import services
from patches.services import get_weather

router = APIRouter()


@router.get("/today")
async def today():
    weather = get_weather()  # call: get_weather route
    return weather.today()


@router.get("/by-module")
async def by_module():
    return services.get_weather().today()  # call: get_weather route


app = FastAPI()
app.include_router(router)
