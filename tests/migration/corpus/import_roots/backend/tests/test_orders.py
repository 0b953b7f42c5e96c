import pytest
from app.services import orders
from services.orders import get_order_service as getter


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setattr("backend.app.services.orders._order_service", None)
    monkeypatch.setattr(orders, "get_redis", lambda: None, raising=False)
    return getter()  # call: get_order_service test
