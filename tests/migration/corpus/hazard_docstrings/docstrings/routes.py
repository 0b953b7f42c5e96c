from fastapi import APIRouter, FastAPI

from docstrings.services import get_texts

router = APIRouter()


@router.get("/upper")
async def upper(text: str = "a"):
    """Write a text in capitals.

    Args:
        text: what to write.

    Returns:
        The text in capitals.
    """
    # what follows is kept as it is
    texts = get_texts()  # call: get_texts route

    return texts.upper(text)  # trailing


app = FastAPI()
app.include_router(router)
