from annotations.routes import app
from fastapi.testclient import TestClient


def test_now():
    assert TestClient(app).get("/now").json() == "12:00"


def test_openapi_is_made():
    assert "/now" in app.openapi()["paths"]
