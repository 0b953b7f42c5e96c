from fastapi import APIRouter, FastAPI

from raising_in_try.services import get_payments

router = APIRouter()


@router.post("/charge")
async def charge():
    try:
        payments = get_payments()  # call: get_payments route
    except RuntimeError as error:
        return {"result": "off", "reason": str(error)}
    return {"result": payments.charge()}


@router.post("/charge-or-fail")
async def charge_or_fail():
    payments = get_payments()  # call: get_payments route
    return {"result": payments.charge()}


app = FastAPI()
app.include_router(router)
