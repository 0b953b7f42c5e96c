from fastapi import APIRouter, FastAPI

from odd_calls.services import get_counter, get_other

router = APIRouter()


@router.get("/conditional")
async def conditional(other: bool = False):
    service = get_other() if other else get_counter()  # call: get_counter route, get_other route
    return service.add()


@router.get("/looped")
async def looped():
    return [get_counter().add() for _ in range(3)]  # call: get_counter route


@router.get("/repeated")
async def repeated():
    first = get_other()  # call: get_other route
    second = get_other()  # call: get_other route
    return [first is second, get_other().add()]  # call: get_other route


@router.get("/reassigned")
async def reassigned():
    service = get_other()  # call: get_other route
    before = service.add()
    service = get_counter()  # call: get_counter route
    return [before, service.add()]


@router.get("/arguments")
async def arguments(step: int = 5):
    service = get_counter(step, force_reinit=True)  # call: get_counter route
    return service.add()


app = FastAPI()
app.include_router(router)
