"""Appointments, and who may see them."""

from functools import lru_cache


class AppointmentService:
    def __init__(self) -> None:
        self._kept: dict[str, list[str]] = {}

    @property
    def reminders(self):
        from clinic.services.reminders import get_reminder_service

        return get_reminder_service()  # call: get_reminder_service service

    def book(self, patient: str, day: str) -> int:
        self._kept.setdefault(patient, []).append(day)
        return self.reminders.remind(patient)

    def of(self, patient: str) -> list[str]:
        return self._kept.get(patient, [])


@lru_cache(maxsize=None)
def get_appointment_service() -> AppointmentService:  # accessor: get_appointment_service cached AppointmentService lazy=get_reminder_service
    return AppointmentService()
