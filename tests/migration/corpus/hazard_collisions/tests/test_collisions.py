import pytest
from collisions.routes import app
from fastapi.testclient import TestClient


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [("/mail", {"to": "a"}, "sent to a"), ("/shadow", None, "sent to me"), ("/same-name", None, "sent to taken")],
)
def test_answers(path, body, answer):
    assert TestClient(app).post(path, json=body).json() == answer
