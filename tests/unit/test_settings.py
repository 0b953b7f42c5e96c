"""A wrong setting is named, with what to do about it."""

from pathlib import Path
from typing import Any

import pytest

from backend.settings import InvalidSettings, Settings

GOOD: dict[str, Any] = {
    "database_url": "postgresql://user@localhost/name",
    "redis_url": "redis://localhost",
    "storage_url": "file:///data",
    "jwt_secret_key": "x" * 32,
}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def problems_with(**values: Any) -> str:
    with pytest.raises(InvalidSettings) as caught:
        Settings.load(**(GOOD | values))
    return str(caught.value)


@pytest.mark.parametrize("name", list(GOOD))
def test_missing_setting_is_named(name: str) -> None:
    with pytest.raises(InvalidSettings, match=f"{name.upper()}: is not set"):
        Settings.load(**{key: value for key, value in GOOD.items() if key != name})


def test_all_wrong_settings_are_reported_at_once() -> None:
    report = problems_with(log_level="LOUD", smtp_port=0)
    assert "LOG_LEVEL" in report
    assert "SMTP_PORT" in report


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("database_url", "mysql://localhost", "is not the address of a PostgreSQL database"),
        ("database_url", "postgresql://user@localhost:port/name", "is not the address of a PostgreSQL database"),
        ("redis_url", "redis://[", "is not the address of a Redis or Valkey server"),
        ("migration_database_url", "sqlite://", "is not the address of a PostgreSQL database"),
        ("redis_url", "http://localhost", "is not the address of a Redis or Valkey server"),
        ("storage_url", "ftp://localhost", "is not the address of an object store"),
        ("jwt_secret_key", "short", "shorter than 32 characters"),
        ("allowed_origins", "localhost:3000", "'localhost:3000' is not an origin"),
        ("allowed_origins", "https://a.example/path", "is not an origin"),
        ("trusted_proxies", "10.0.0.0/8,here", "'here' does not appear to be an IPv4 or IPv6 network"),
        ("environment", "moon", "development"),
    ],
)
def test_wrong_setting_is_named_with_what_to_do(name: str, value: str, said: str) -> None:
    report = problems_with(**{name: value})
    assert f"{name.upper()}: " in report
    assert said in report
    assert (Settings.model_fields[name].description or "?") in report


def test_report_does_not_show_secrets() -> None:
    assert "hunter2" not in problems_with(jwt_secret_key="hunter2", database_url="mysql://root:hunter2@localhost")


def test_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://a.example, https://b.example")
    assert Settings.load(**GOOD).allowed_origins == ("https://a.example", "https://b.example")


def test_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "")
    assert Settings.load(**GOOD).google_api_key is None


def test_file_is_read_and_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=warning\nSMTP_PORT=25\n")
    monkeypatch.setenv("SMTP_PORT", "26")
    settings = Settings.load(**GOOD)
    assert (settings.log_level, settings.smtp_port) == ("WARNING", 26)


def test_secrets_are_not_shown() -> None:
    assert "x" * 32 not in repr(Settings.load(**GOOD))
