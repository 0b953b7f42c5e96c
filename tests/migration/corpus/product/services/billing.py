from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from product.core import config

if TYPE_CHECKING:
    from product.services.notifications import NotificationService


class BillingService:
    instance: BillingService | None = None

    def __init__(self, client):
        self.client = client
        self.settings = config.get_settings()  # call: get_settings service
        self._connect()

    def _connect(self):
        self.open = [get_stripe() for _ in range(1)]  # call: get_stripe service

    async def start(self):
        return get_plans()  # call: get_plans service

    @property
    def notifications(self) -> NotificationService:
        from product.services.notifications import get_notification_service

        return get_notification_service()  # call: get_notification_service service

    def user(self, request, settings):
        return request

    def total(self):
        return 1


class StripeClient:
    def charge(self):
        return 1


class Plans:
    def all(self):
        return []


_stripe: StripeClient | None = None
_plans = None
_billing = None
_lock = asyncio.Lock()


def get_stripe() -> StripeClient:  # accessor: get_stripe global StripeClient
    global _stripe
    if _stripe is None:
        _stripe = StripeClient()
    return _stripe


def get_plans():  # accessor: get_plans global Plans
    global _plans
    try:
        if _plans is None:
            _plans = Plans()
    except Exception:
        _plans = None
        raise
    return _plans


async def get_billing_service() -> BillingService:  # accessor: get_billing_service async BillingService eager=get_plans,get_settings,get_stripe lazy=get_notification_service
    global _billing
    if _billing is None:
        async with _lock:
            if _billing is None:
                _billing = BillingService(get_stripe())  # call: get_stripe service
                await _billing.start()
    return _billing


async def close_billing_service():  # reset: get_billing_service
    global _billing
    if _billing is not None:
        _billing.total()
        _billing = None


def set_plans(plans):  # reset: get_plans
    global _plans
    _plans = plans
