import pytest
from fastapi.testclient import TestClient
from feed import stores
from feed.app import make_app
from feed.routers import posts


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr(stores.PostStore, "_instance", None)
    stores._limits.clear()
    return TestClient(make_app())


def test_posts(client):
    assert client.post("/posts").status_code == 401
    headers = {"x-token": "t", "tenant": "a"}
    assert [client.post("/posts?text=x", headers=headers).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/posts").json() == ["x", "x"]
    assert client.get("/posts?newest=1").json() == ["x"]
    assert client.get("/posts/stream").text == "published x\npublished x\n"
    assert client.get("/posts/0/y").json() == ["x", "y", "published y", ["noon", "noon"]]
    assert client.get("/posts/z/y").status_code == 422


def test_live(client):
    with client.websocket_connect("/posts/live") as socket:
        socket.send_text("x")
        assert socket.receive_text() == "published x"
        socket.send_text("bye")


def test_another_clock(client, monkeypatch):
    class Late:
        def now(self):
            return "late"

    monkeypatch.setattr(posts, "clock", Late())
    assert client.post("/posts", headers={"x-token": "t", "tenant": "b"}).json() == {"count": 1, "at": "late"}


def test_another_hub(client, monkeypatch):
    monkeypatch.setattr(posts, "get_hub", lambda: None)
    client.post("/posts", headers={"x-token": "t", "tenant": "c"})
    with pytest.raises(AttributeError):
        client.get("/posts/stream")
