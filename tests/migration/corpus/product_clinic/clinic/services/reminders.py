"""Reminders of appointments."""

from clinic.services.mail import get_mail_service


class ReminderService:
    def __init__(self) -> None:
        self._mail = get_mail_service()  # call: get_mail_service service

    def remind(self, patient: str) -> int:
        return self._mail.send(patient, "see you tomorrow")


_reminders = None


def get_reminder_service() -> ReminderService:  # accessor: get_reminder_service global ReminderService eager=get_mail_service
    global _reminders
    if _reminders is None:
        _reminders = ReminderService()
    return _reminders
