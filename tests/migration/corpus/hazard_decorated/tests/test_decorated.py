from decorated import services
from decorated.routes import app
from fastapi.testclient import TestClient


def test_decorated_handlers_answer():
    services.Audit.entries.clear()
    client = TestClient(app)
    assert client.get("/kept?name=x").json() == "x"
    assert client.get("/hidden?name=y").json() == "y"
    assert services.Audit.entries == ["kept", "x", "y"]
