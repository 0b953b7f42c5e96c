from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from collisions.services import get_mail as _get

router = APIRouter()


class Mail(BaseModel):
    """Another Mail: what clients send."""

    to: str


MailDep = "taken"


@router.post("/mail")
async def send_mail(mail: Mail):
    service = _get()  # call: get_mail route
    return service.send(mail.to)


@router.post("/shadow")
async def shadow(service: str = "me"):
    mail = _get()  # call: get_mail route
    return mail.send(service)


@router.post("/same-name")
async def mail():
    mail = _get()  # call: get_mail route
    return mail.send(MailDep)


app = FastAPI()
app.include_router(router)
