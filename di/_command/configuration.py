"""`[tool.di]` in pyproject.toml: what the command line may leave out."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from di._command.errors import ConfigurationError

_TEXTS = {"target", "app-dir", "baseline"}


@dataclass(frozen=True, slots=True)
class Configuration:
    """Defaults of a project; `environment` holds values for variables that are not set."""

    target: str | None = None
    app_dir: str | None = None
    baseline: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def set_environment(self) -> None:
        """Set those variables that are not set, as placeholders for an application that is only looked at."""
        for name, value in self.environment.items():
            os.environ.setdefault(name, value)


def read_configuration(folder: Path) -> Configuration:
    """Read the table of the pyproject.toml in a folder; without one, nothing is configured."""
    path = folder / "pyproject.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Configuration()
    except (OSError, ValueError) as error:
        raise ConfigurationError(path, str(error)) from error
    table: Any = content.get("tool", {}).get("di", {})
    environment: Any = table.get("environment", {})
    unknown = table.keys() - _TEXTS - {"environment"}
    if unknown:
        raise ConfigurationError(path, f"{', '.join(sorted(unknown))} is unknown")
    if not isinstance(environment, dict) or not all(
        isinstance(each, str) for each in (*environment.values(), *(table[name] for name in _TEXTS & table.keys()))
    ):
        raise ConfigurationError(path, "a value is no text")
    return Configuration(table.get("target"), table.get("app-dir"), table.get("baseline"), environment)
