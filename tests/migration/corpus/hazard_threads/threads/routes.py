from fastapi import APIRouter, FastAPI

from threads.services import get_slow

router = APIRouter()


@router.get("/slow")
async def slow():
    service = get_slow()  # call: get_slow route
    return service.number()


app = FastAPI()
app.include_router(router)
