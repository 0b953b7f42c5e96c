from product.services.billing import get_billing_service
from product.services.notifications import NotificationService, get_notification_service

__all__ = ["NotificationService", "get_billing_service", "get_notification_service"]
