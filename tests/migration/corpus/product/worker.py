from celery import Celery

from product.services import get_notification_service

celery = Celery("x")


@celery.task
def send(user):
    get_notification_service().send(user)  # call: get_notification_service helper


class AuditMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        get_notification_service()  # call: get_notification_service helper
        await self.app(scope, receive, send)


async def lifespan(app):
    get_notification_service()  # call: get_notification_service helper
    yield


if __name__ == "__main__":
    get_notification_service()  # call: get_notification_service module
