from docstrings.routes import app
from fastapi.testclient import TestClient


def test_upper():
    assert TestClient(app).get("/upper?text=b").json() == "B"


def test_description_is_kept():
    assert app.openapi()["paths"]["/upper"]["get"]["description"].startswith("Write a text in capitals.")
