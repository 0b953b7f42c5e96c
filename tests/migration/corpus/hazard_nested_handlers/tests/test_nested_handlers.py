import pytest
from fastapi.testclient import TestClient
from nested_handlers.routes import app


@pytest.mark.parametrize(
    ("path", "answer"), [("/a/token", "a-1"), ("/b/token", "b-1"), ("/view", "view-1"), ("/static", "static-1")]
)
def test_answers(path, answer):
    assert TestClient(app).get(path).json() == answer
