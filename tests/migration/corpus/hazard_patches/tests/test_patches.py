from unittest.mock import Mock, patch

from fastapi.testclient import TestClient
from patches import services
from patches.routes import app


def fake():
    return Mock(today=lambda: "sun")


def test_patch_at_the_use_site():
    with patch("patches.routes.get_weather", return_value=fake()) as getter:
        assert TestClient(app).get("/today").json() == "sun"
    getter.assert_called_once_with()


def test_patch_at_the_definition():
    with patch("patches.services.get_weather", return_value=fake()):
        assert TestClient(app).get("/by-module").json() == "sun"
        assert TestClient(app).get("/today").json() == "rain"


def test_patch_of_an_object(monkeypatch):
    monkeypatch.setattr(services, "get_weather", fake)
    assert TestClient(app).get("/by-module").json() == "sun"


def test_slot_write():
    services._weather = fake()
    try:
        assert TestClient(app).get("/today").json() == "sun"
        assert TestClient(app).get("/by-module").json() == "sun"
    finally:
        services._weather = None


def test_nothing_is_left():
    assert TestClient(app).get("/today").json() == "rain"
