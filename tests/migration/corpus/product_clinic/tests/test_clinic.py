from unittest.mock import MagicMock, patch

import pytest
from clinic.main import app
from clinic.services import payments
from fastapi.testclient import TestClient

BEARER = {"Authorization": "Bearer ada"}


@pytest.fixture
def client():
    return TestClient(app)


def test_nobody(client):
    assert client.get("/api/appointments").status_code == 401
    assert client.post("/api/appointments", json={"day": "monday"}).status_code == 401


def test_book_list_cancel(client):
    assert client.post("/api/appointments", json={"day": "monday"}, headers=BEARER).status_code == 201
    assert "monday" in client.get("/api/appointments", headers=BEARER).json()
    assert client.delete("/api/appointments/monday", headers=BEARER).status_code == 200
    assert client.delete("/api/appointments/monday", headers=BEARER).status_code == 404


def test_closed(client):
    assert client.post("/api/appointments", json={"day": "sunday"}, headers=BEARER).status_code == 409


def test_unpaid(client):
    body = {"day": "monday", "amount": 3}
    assert client.post("/api/appointments", json=body, headers=BEARER).json() == {"detail": "payments are not configured"}


def test_paid(client, monkeypatch):
    monkeypatch.setitem(payments.configured, "key", "k")
    body = {"day": "tuesday", "amount": 3}
    assert client.post("/api/appointments", json=body, headers=BEARER).json()["receipt"] == "k:3"
    payments._payments = None


def test_a_failing_service(client):
    broken = MagicMock()
    broken.of.side_effect = LookupError
    with patch("clinic.api.appointments.get_appointment_service", return_value=broken), pytest.raises(LookupError):
        client.get("/api/appointments", headers=BEARER)


def test_schema(client):
    operation = client.get("/openapi.json").json()["paths"]["/api/appointments"]["get"]
    assert [each["name"] for each in operation["parameters"]] == ["authorization"]
