import functools
import inspect

from fastapi import APIRouter, FastAPI

from decorated.services import get_audit

router = APIRouter()


def noted(function):
    """Keeps the signature."""

    @functools.wraps(function)
    async def wrapper(*args, **kwargs):
        get_audit().note(function.__name__)  # call: get_audit helper
        return await function(*args, **kwargs)

    return wrapper


def hidden(function):
    """Hides the signature: parameters that are added below are never filled."""

    async def wrapper(name: str = "n"):
        return await function(name)

    assert len(inspect.signature(function).parameters) == 1
    return wrapper


@router.get("/kept")
@noted
async def kept(name: str = "k"):
    audit = get_audit()  # call: get_audit route
    return audit.note(name)


@router.get("/hidden")
@hidden
async def concealed(name: str):
    audit = get_audit()  # call: get_audit route
    return audit.note(name)


app = FastAPI()
app.include_router(router)
