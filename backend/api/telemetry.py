"""OpenTelemetry, off unless a setting turns it on."""

from importlib.util import find_spec
from typing import Final

from fastapi.telemetry import TelemetryConfig

from backend.settings import InvalidSettings

_NEEDED: Final = {
    "opentelemetry.sdk": "opentelemetry-sdk",
    "opentelemetry.exporter.otlp": "opentelemetry-exporter-otlp",
}


class TelemetryNotInstalled(InvalidSettings):
    """Say which packages the setting TELEMETRY_ENABLED needs."""

    def __init__(self, missing: list[str]) -> None:
        self.missing = missing
        advice = f"Install with `pip install {' '.join(missing)}`, or set TELEMETRY_ENABLED=false."
        super().__init__([("TELEMETRY_ENABLED", f"needs {' and '.join(missing)}", advice)])


def telemetry_config(*, enabled: bool) -> TelemetryConfig:
    """Configure FastAPI's own tracing; exporters follow the standard OTEL_* variables."""
    if enabled:
        missing = [package for module, package in _NEEDED.items() if not _is_installed(module)]
        if missing:
            raise TelemetryNotInstalled(missing)
    return {
        "tracing": enabled,
        "metrics": enabled,
        "logs": enabled,
        "operation_spans": enabled,
        "auto_configure": enabled,
    }


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
