import pytest
from fastapi.testclient import TestClient
from signatures.routes import app


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/none", "none"),
        ("/defaults/x", "x-2-None"),
        ("/defaults/x?second=4&third=y", "x-4-y"),
        ("/keyword-only?second=7", "a-7-3"),
        ("/one-line", "q"),
        ("/many-lines?second=z", "a-z"),
    ],
)
def test_answers(path, answer):
    assert TestClient(app).get(path).json() == answer


def test_missing_parameter_is_refused():
    assert TestClient(app).get("/keyword-only").status_code == 422
