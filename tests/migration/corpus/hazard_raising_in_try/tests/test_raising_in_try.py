import pytest
from fastapi.testclient import TestClient
from raising_in_try import services
from raising_in_try.routes import app


def test_unconfigured_payments_are_off():
    assert TestClient(app).post("/charge").json() == {"result": "off", "reason": "payments are not configured"}


def test_unconfigured_payments_fail_where_nobody_catches():
    with pytest.raises(RuntimeError, match="not configured"):
        TestClient(app).post("/charge-or-fail")


def test_configured_payments_charge(monkeypatch):
    monkeypatch.setattr(services, "configured", True)
    monkeypatch.setattr(services, "_payments", None)
    assert TestClient(app).post("/charge").json() == {"result": "charged"}
