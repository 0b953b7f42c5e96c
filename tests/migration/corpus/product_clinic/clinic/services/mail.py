"""Mail to patients."""

import logging

logger = logging.getLogger(__name__)


class MailService:
    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, to: str, text: str) -> int:
        self.sent.append(f"{to}: {text}")
        return len(self.sent)


_mail_service: MailService | None = None  # made when it is first needed


def get_mail_service() -> MailService:  # accessor: get_mail_service global MailService
    """Return the one mail service."""
    global _mail_service
    if _mail_service is None:
        _mail_service = MailService()
        logger.info("mail is ready")
    return _mail_service
