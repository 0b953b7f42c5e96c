"""Tracing is off unless asked for, and says what it needs."""

from importlib.util import find_spec

import pytest

from backend.api.telemetry import TelemetryNotInstalled, telemetry_config


def test_telemetry_is_off_by_default() -> None:
    assert not any(telemetry_config(enabled=False).values())


@pytest.mark.skipif(find_spec("opentelemetry.exporter") is not None, reason="the exporter is installed here")
def test_telemetry_without_its_packages_names_them() -> None:
    with pytest.raises(TelemetryNotInstalled, match=r"pip install .*opentelemetry-exporter-otlp"):
        telemetry_config(enabled=True)
