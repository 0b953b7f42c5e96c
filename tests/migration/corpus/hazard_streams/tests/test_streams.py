from fastapi.testclient import TestClient
from streams import services
from streams.routes import app


def test_websocket():
    with TestClient(app).websocket_connect("/live") as socket:
        assert [socket.receive_text(), socket.receive_text()] == ["a", "b"]


def test_events():
    assert TestClient(app).get("/events").text == "data: a\n\ndata: b\n\n"


def test_background():
    services.sent.clear()
    assert TestClient(app).post("/background").json() == "queued"
    assert services.sent == ["one", "two", "three"]
