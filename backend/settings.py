"""Every setting of the backend, from the environment and `.env`.

Nothing else reads the environment. A field's description says what to do about a wrong value: it is printed
beside the variable's name when the process cannot start.
"""

from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError as SourceError

Csv = Annotated[tuple[str, ...], NoDecode]


class Environment(StrEnum):
    """Where the process runs; production turns on secure cookies and HSTS."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    """How log lines are written."""

    JSON = "json"
    CONSOLE = "console"


class InvalidSettings(Exception):
    """Name every wrong variable, what is wrong with it and what to do."""

    def __init__(self, problems: list[tuple[str, str, str]]) -> None:
        self.problems = problems
        lines = [f"  {name}: {problem}. {advice}".rstrip() for name, problem, advice in problems]
        super().__init__("\n".join(["The settings are not usable:", *lines]))


class Settings(BaseSettings):
    """Hold the configuration of one process.

    Values come from the constructor, then from environment variables of the same name in upper case, then from a
    `.env` file in the working directory.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    # --- the process
    environment: Environment = Field(
        Environment.DEVELOPMENT, description="Use one of development, staging, production."
    )
    log_level: str = Field("INFO", description="Use one of DEBUG, INFO, WARNING, ERROR, CRITICAL.")
    log_format: LogFormat = Field(LogFormat.JSON, description="Use json or console.")
    telemetry_enabled: bool = Field(
        False,
        description="Use true only where opentelemetry-sdk and opentelemetry-exporter-otlp are installed.",
    )
    docs_enabled: bool = Field(True, description="Use false to serve neither /docs nor /openapi.json.")
    metrics_token: SecretStr | None = Field(
        None, description="Scrapers must then send it as a bearer token; without it /metrics is public."
    )

    # --- addresses and what the HTTP side trusts
    public_url: AnyHttpUrl = Field(
        AnyHttpUrl("http://127.0.0.1:8000"), description="Use the address under which clients reach this API."
    )
    frontend_url: AnyHttpUrl = Field(
        AnyHttpUrl("http://localhost:3000"), description="Use the address of the web application; mails link to it."
    )
    allowed_origins: Csv = Field(
        ("http://localhost:3000",), description="Use a comma-separated list of origins such as https://app.example.com."
    )
    trusted_proxies: Csv = Field(
        (),
        description="Use a comma-separated list of networks such as 10.0.0.0/8 whose X-Forwarded-For is believed.",
    )
    max_body_bytes: int = Field(
        1024 * 1024,
        ge=1024,
        description="Use the largest accepted request body in bytes; upload routes have their own limit.",
    )

    # --- Postgres
    database_url: SecretStr = Field(
        description="Use postgresql://user:password@host:5432/name, or ?host=/folder for a socket."
    )
    migration_database_url: SecretStr | None = Field(
        None, description="Use the address of the schema's owner where DATABASE_URL is a lesser role."
    )
    database_pool_size: int = Field(10, ge=1, le=500, description="Use the number of connections one process may hold.")
    database_pool_overflow: int = Field(5, ge=0, le=500, description="Use the number of extra connections in bursts.")
    database_pool_timeout: float = Field(10.0, gt=0, description="Use the seconds a request may wait for a connection.")
    database_side_pool_size: int = Field(
        2, ge=1, le=50, description="Use the number of connections for short writes outside the request's transaction."
    )
    database_command_timeout: float = Field(30.0, gt=0, description="Use the seconds one statement may take.")
    database_statement_cache_size: int = Field(
        100, ge=0, description="Use 0 behind a pooler in transaction mode, which cannot hold prepared statements."
    )

    # --- Redis or Valkey
    redis_url: SecretStr = Field(description="Use redis://host:6379/0, rediss://... or unix:///folder/socket?db=0.")
    redis_max_connections: int = Field(100, ge=2, description="Use the number of connections one process may hold.")
    redis_timeout: float = Field(10.0, gt=0, description="Use the seconds one command may take.")

    # --- object storage
    storage_url: str = Field(description="Use file:///folder for local files or s3://bucket for any S3 service.")
    s3_endpoint: str | None = Field(
        None, description="Use the service's address, e.g. https://<project>.storage.supabase.co/storage/v1/s3."
    )
    s3_region: str | None = Field(None, description="Use the region the bucket is in.")
    s3_access_key_id: str | None = Field(None, description="Use the access key's id.")
    s3_secret_access_key: SecretStr | None = Field(None, description="Use the access key's secret.")

    # --- sessions and passwords
    jwt_secret_key: SecretStr = Field(
        description="Use at least 32 random characters: python -c 'import secrets; print(secrets.token_urlsafe(48))'."
    )
    access_token_minutes: int = Field(30, ge=1, le=60, description="Use 1 to 60 minutes.")
    refresh_token_days: int = Field(
        30, ge=1, le=365, description="Use the days after which an unused session with remember-me ends."
    )
    session_hours: int = Field(
        24, ge=1, le=720, description="Use the hours after which an unused session without remember-me ends."
    )
    session_max_days: int = Field(
        90, ge=1, le=365, description="Use the days after which any session ends, however much it is used."
    )
    reauthentication_minutes: int = Field(
        10, ge=1, le=60, description="Use the age of a login that still confirms a grave step without a password."
    )
    argon2_time_cost: int = Field(3, ge=1, description="Use 3 or more; 1 is for tests.")
    argon2_memory_kib: int = Field(65536, ge=8, description="Use 65536 (64 MiB) or more; less is for tests.")
    argon2_parallelism: int = Field(1, ge=1, description="Use the number of lanes of one hash.")
    password_workers: int = Field(2, ge=1, le=64, description="Use the number of threads that hash passwords.")
    rate_limiting_enabled: bool = Field(True, description="Use false only in load tests.")
    requests_per_minute_anonymous: int = Field(30, ge=1, description="Use requests a minute of one address.")
    requests_per_minute_free: int = Field(60, ge=1, description="Use requests a minute of one free account.")
    requests_per_minute_pro: int = Field(240, ge=1, description="Use requests a minute of one pro account.")
    requests_per_minute_studio: int = Field(500, ge=1, description="Use requests a minute of one studio account.")

    # --- mail: without SMTP_HOST, mails go to the log and to MAIL_FOLDER
    mail_from: str = Field("AuraStream <no-reply@localhost>", description="Use the sender of mails.")
    mail_folder: str = Field("mail", description="Use the folder that receives mails where no SMTP_HOST is set.")
    smtp_host: str | None = Field(None, description="Use the mail server's name.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Use the mail server's port.")
    smtp_username: str | None = Field(None, description="Use the mail server's user.")
    smtp_password: SecretStr | None = Field(None, description="Use the mail server's password.")
    smtp_start_tls: bool = Field(True, description="Use false only for servers without TLS.")

    # --- outgoing HTTP
    outgoing_proxy: str | None = Field(None, description="Use http://proxy:3128 where requests must pass a proxy.")

    # --- Gemini: without a key, images come from the local renderer
    google_api_key: SecretStr | None = Field(None, description="Use a key of Google AI Studio.")
    gemini_base_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://generativelanguage.googleapis.com"), description="Use the address of the Gemini API."
    )
    gemini_image_model: str = Field("gemini-3-pro-image-preview", description="Use a model that answers with images.")
    gemini_timeout: float = Field(90.0, gt=0, description="Use the seconds one request to Gemini may take.")

    # --- sign-in with others: a provider is on when both its id and secret are set
    google_client_id: str | None = Field(None, description="Use the OAuth client's id.")
    google_client_secret: SecretStr | None = Field(None, description="Use the OAuth client's secret.")
    twitch_client_id: str | None = Field(None, description="Use the OAuth client's id.")
    twitch_client_secret: SecretStr | None = Field(None, description="Use the OAuth client's secret.")
    discord_client_id: str | None = Field(None, description="Use the OAuth client's id.")
    discord_client_secret: SecretStr | None = Field(None, description="Use the OAuth client's secret.")
    google_accounts_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://accounts.google.com"), description="Use the address of Google's consent page."
    )
    google_token_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://oauth2.googleapis.com"), description="Use the address of Google's token service."
    )
    google_api_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://www.googleapis.com"), description="Use the address of Google's profile service."
    )
    twitch_id_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://id.twitch.tv"), description="Use the address of Twitch's consent page and token service."
    )
    twitch_api_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://api.twitch.tv"), description="Use the address of the Twitch API."
    )
    discord_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://discord.com"), description="Use the address of Discord's consent page and API."
    )
    oauth_timeout: float = Field(10.0, gt=0, description="Use the seconds one request to a provider may take.")

    # --- jobs
    job_concurrency: int = Field(
        2, ge=2, le=64, description="Use the number of jobs one worker holds at once, at least 2."
    )
    job_lease_seconds: float = Field(
        30.0, ge=1, description="Use the seconds of silence after which a worker loses its job; it renews in thirds."
    )
    job_timeout_seconds: float = Field(240.0, gt=0, description="Use the seconds one try of a job may take.")
    job_max_attempts: int = Field(3, ge=1, le=20, description="Use the number of times a job is tried.")
    job_retry_seconds: float = Field(
        2.0, gt=0, description="Use the seconds before the second try; each further one waits twice as long."
    )
    job_sweep_seconds: float = Field(
        15.0, gt=0, description="Use the seconds between looks for lost jobs and files to delete."
    )
    worker_shutdown_seconds: float = Field(
        20.0, ge=0, description="Use the seconds a stopping worker may still work before it hands its jobs back."
    )

    @field_validator("allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split_csv(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("allowed_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query:
                raise _Invalid(f"{origin!r} is not an origin")
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ip_network(network, strict=False)
        return networks

    @field_validator("database_url", "migration_database_url")
    @classmethod
    def _check_database_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not _is_address(url, _POSTGRES_SCHEMES):
            raise _Invalid("is not the address of a PostgreSQL database")
        return url

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, url: SecretStr) -> SecretStr:
        if not _is_address(url, _REDIS_SCHEMES):
            raise _Invalid("is not the address of a Redis or Valkey server")
        return url

    @field_validator("storage_url")
    @classmethod
    def _check_storage_url(cls, url: str) -> str:
        if urlsplit(url).scheme not in {"file", "s3"}:
            raise _Invalid("is not the address of an object store")
        return url

    @field_validator("jwt_secret_key")
    @classmethod
    def _check_secret(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < 32:
            raise _Invalid("is shorter than 32 characters")
        return secret

    @field_validator("log_level")
    @classmethod
    def _check_log_level(cls, level: str) -> str:
        if level.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
            raise _Invalid(f"{level!r} is not a log level")
        return level.upper()

    @property
    def is_production(self) -> bool:
        """Say whether cookies must be secure and HSTS is sent."""
        return self.environment is Environment.PRODUCTION

    @classmethod
    def load(cls, **values: Any) -> Self:
        """Read the settings, or raise `InvalidSettings` with one line per wrong variable."""
        try:
            return cls(**values)
        except ValidationError as error:
            raise InvalidSettings([_explain(cls, problem) for problem in error.errors()]) from None
        except SourceError as error:
            raise InvalidSettings([(".env", str(error), "")]) from None


_POSTGRES_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})
_REDIS_SCHEMES = frozenset({"redis", "rediss", "unix"})


def _is_address(url: SecretStr, schemes: frozenset[str]) -> bool:
    try:
        parts = urlsplit(url.get_secret_value())
        return parts.scheme in schemes and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


class _Invalid(ValueError):
    """Carry a validator's sentence to pydantic."""


def _explain(cls: type[Settings], problem: Any) -> tuple[str, str, str]:
    path = problem["loc"]
    if not path:
        return "settings", _sentence(problem), ""
    field = cls.model_fields.get(str(path[0]))
    advice = (field.description or "") if field else ""
    return str(path[0]).upper(), _sentence(problem), advice


def _sentence(problem: Any) -> str:
    if problem["type"] == "missing":
        return "is not set"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return message[0].lower() + message[1:] if message.startswith("Input") else message
