"""What starting AuraStream on one machine needs to know before the settings are complete."""

from pathlib import Path
from typing import Self

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from backend.settings import InvalidSettings


class LocalSettings(BaseSettings):
    """Read which of the addresses and secrets are set; what is not, the embedded default provides.

    The names and sources are those of `backend.settings.Settings`, which checks the values.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    environment: str = "development"
    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    storage_url: str | None = None
    mail_folder: str | None = None
    smtp_host: str | None = None
    public_url: str | None = None
    worker_shutdown_seconds: str | None = None
    jwt_secret_key: SecretStr | None = None
    aurastream_data_dir: Path | None = None
    xdg_data_home: Path | None = None

    @classmethod
    def load(cls) -> Self:
        """Read the settings, or raise `InvalidSettings` when the file that holds them cannot be read."""
        try:
            return cls()
        except (SettingsError, OSError, UnicodeDecodeError) as error:
            raise InvalidSettings([(".env", str(error), "")]) from None
