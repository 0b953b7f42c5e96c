from typing import Annotated

from fastapi import APIRouter, FastAPI, Query

from signatures.services import get_names

router = APIRouter()


@router.get("/none")
async def none():
    names = get_names()  # call: get_names route
    return names.join("none")


@router.get("/defaults/{first}")
async def defaults(first: str, second: int = 2, third: str | None = None):
    names = get_names()  # call: get_names route
    return names.join(first, second, third)


@router.get("/keyword-only")
async def keyword_only(first: str = "a", *, second: Annotated[int, Query(ge=1)], third: int = 3):
    return get_names().join(first, second, third)  # call: get_names route


@router.get("/one-line")
def one_line(q: str = "q"): return get_names().join(q)  # call: get_names route


@router.get(
    "/many-lines",
)
async def many_lines(
    first: str = "a",  # the first
    second: str = "b",  # the second, with a comma
):
    names = get_names()  # call: get_names route
    return names.join(first, second)


app = FastAPI()
app.include_router(router)
