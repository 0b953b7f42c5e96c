import pytest
from fastapi.testclient import TestClient
from guarded_calls import services
from guarded_calls.routes import app


@pytest.fixture(autouse=True)
def nothing_built():
    services._reports = None
    services.built.clear()


@pytest.mark.parametrize(
    ("path", "status"), [("/signed-in", 401), ("/early?dry=1", 200), ("/permission", 403)]
)
def test_what_ends_early_builds_nothing(path, status):
    assert TestClient(app).get(path).status_code == status
    assert services.built == []


@pytest.mark.parametrize("path", ["/signed-in", "/early", "/permission?role=admin", "/waited"])
def test_what_goes_on_builds_once(path):
    client = TestClient(app)
    assert [client.get(path, headers={"token": "t"}).json() for _ in range(2)] == ["report", "report"]
    assert services.built == ["reports"]
