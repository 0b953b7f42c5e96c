from __future__ import annotations

from fastapi import APIRouter, BackgroundTasks, HTTPException
from pydantic import BaseModel

from clinic.api.deps import CurrentUser
from clinic.services import mail
from clinic.services.appointments import get_appointment_service
from clinic.services.payments import get_payment_service

router = APIRouter(prefix="/appointments", tags=["appointments"])


class Booking(BaseModel):
    day: str
    amount: int = 0


@router.get("")
async def list_appointments(user: CurrentUser) -> list[str]:
    """List the caller's appointments."""
    service = get_appointment_service()  # call: get_appointment_service route
    return service.of(user)


@router.post("", status_code=201)
async def book(
    booking: Booking,
    user: CurrentUser,
    tasks: BackgroundTasks,
) -> dict[str, object]:
    """Book an appointment.

    Args:
        booking: the day, and what it costs.
    """
    if booking.day == "sunday":
        raise HTTPException(409, "closed")

    receipt = None
    if booking.amount:
        try:
            receipt = get_payment_service().charge(booking.amount)  # call: get_payment_service route
        except RuntimeError as error:
            raise HTTPException(503, str(error)) from error

    # the reminder is counted in what we answer
    count = get_appointment_service().book(user, booking.day)  # call: get_appointment_service route
    tasks.add_task(mail.get_mail_service().send, user, "booked")  # call: get_mail_service route
    return {"reminders": count, "receipt": receipt}


@router.delete("/{day}")
def cancel(day: str, user: CurrentUser) -> int:
    service = get_appointment_service()  # call: get_appointment_service route
    days = service.of(user)
    if day not in days:
        raise HTTPException(404)
    days.remove(day)
    return len(days)
