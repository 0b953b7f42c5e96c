import pytest
from fastapi.testclient import TestClient
from odd_calls import services
from odd_calls.routes import app


@pytest.fixture(autouse=True)
def reset():
    services._counter = services._other = None


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/conditional", 1),
        ("/conditional?other=1", -1),
        ("/looped", [1, 2, 3]),
        ("/repeated", [True, -1]),
        ("/reassigned", [-1, 1]),
        ("/arguments", 5),
        ("/arguments?step=7", 7),
    ],
)
def test_answers(path, answer):
    assert TestClient(app).get(path).json() == answer


def test_nothing_is_a_query_parameter_that_was_none():
    paths = TestClient(app).get("/openapi.json").json()["paths"]
    names = {path: [p["name"] for p in item["get"].get("parameters", [])] for path, item in paths.items()}
    assert names == {
        "/conditional": ["other"],
        "/looped": [],
        "/repeated": [],
        "/reassigned": [],
        "/arguments": ["step"],
    }
