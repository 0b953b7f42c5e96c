import logging

from product.core.config import get_settings
from product.services import billing

logger = logging.getLogger(__name__)
templates: dict[str, str] = {}


class NotificationService:
    def __init__(self, settings=None):
        self.settings = settings if settings is not None else get_settings()  # call: get_settings service
        self.sent = 0

    def send(self, user):
        self.sent += 1
        for hook in (self._later,):
            hook(user)

    async def _later(self, user):
        return await billing.get_billing_service()  # call: get_billing_service service


_notification_service = None


def get_notification_service() -> NotificationService:  # accessor: get_notification_service global NotificationService eager=get_settings lazy=get_billing_service
    global _notification_service
    if _notification_service is None:
        _notification_service = NotificationService()
        logger.info("created")
    return _notification_service
