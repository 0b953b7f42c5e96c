"""Build the application."""

from fastapi import Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from backend.api import health
from backend.api.deps import deps
from backend.api.docs import docs_router
from backend.api.errors import install_error_handlers
from backend.api.metrics import HttpMetrics, MetricsMiddleware, metrics_router
from backend.api.middleware.body_limit import BodyLimitMiddleware
from backend.api.middleware.characters import CharactersMiddleware
from backend.api.middleware.cors import OriginsMiddleware
from backend.api.middleware.failures import FailureMiddleware
from backend.api.middleware.request_id import RequestIdMiddleware
from backend.api.middleware.security_headers import SecurityHeadersMiddleware
from backend.api.openapi import DESCRIPTION, TAGS, install_openapi, operation_id
from backend.api.rate_limits import limit_requests
from backend.api.routes import (
    analytics,
    assets,
    auth,
    brand_kit_sections,
    brand_kits,
    files,
    generation,
    logos,
    oauth,
    templates,
    usage,
)
from backend.api.telemetry import telemetry_config
from backend.container import OUTSIDE_OF_ROUTES, build_container
from backend.logs import configure_logging
from backend.settings import Settings
from di import Container

TITLE = "AuraStream"
OPENAPI_URL = "/openapi.json"
PREFIX = "/api/v1"
COUNTED = (  # the routers whose requests count against limits
    auth.router,
    oauth.router,
    usage.router,
    brand_kits.router,
    brand_kit_sections.router,
    logos.router,
    templates.router,
    generation.router,
    assets.router,
    analytics.router,
)


def create_app(settings: Settings | None = None, container: Container | None = None) -> FastAPI:
    """Build the application on a container, which starts and stops with it.

    Without arguments this is the entry point of a server process: settings come from the environment and the
    process's logs are configured.
    """
    if settings is None:
        settings = container[Settings] if container is not None else _load_settings()
    if container is None:
        container = build_container(settings)
    app = FastAPI(
        title=TITLE,
        description=DESCRIPTION,
        version="0.1.0",
        openapi_tags=TAGS,
        openapi_url=OPENAPI_URL if settings.docs_enabled else None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        telemetry=telemetry_config(enabled=settings.telemetry_enabled),
    )
    metrics = HttpMetrics()
    install_error_handlers(app)
    app.include_router(health.router)
    app.include_router(metrics_router(metrics, settings.metrics_token))
    _include_api(app)
    if settings.docs_enabled:
        app.include_router(docs_router(TITLE, OPENAPI_URL))
    deps.install(app, container, roots=OUTSIDE_OF_ROUTES)
    install_openapi(app)
    add_middleware(app, settings, metrics)
    return app


def _include_api(app: FastAPI) -> None:
    """Serve the routes of the API under its prefix.

    Stored files are not counted as requests: a page shows dozens of them, and each address is signed.
    """
    for router in COUNTED:
        app.include_router(router, prefix=PREFIX, dependencies=[Depends(limit_requests)])
    app.include_router(files.router, prefix=PREFIX)


def _load_settings() -> Settings:
    settings = Settings.load()
    configure_logging(settings)
    return settings


def add_middleware(app: FastAPI, settings: Settings, metrics: HttpMetrics) -> None:
    """Wrap the application; the last one added sees a request first.

    Failures are answered twice: inside of CORS, so that a browser may read them, and outside, for CORS's own.
    """
    app.add_middleware(BodyLimitMiddleware, max_body_size=settings.max_body_bytes)
    app.add_middleware(CharactersMiddleware)
    app.add_middleware(FailureMiddleware)
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(OriginsMiddleware, origins=settings.allowed_origins)
    app.add_middleware(FailureMiddleware)
    app.add_middleware(SecurityHeadersMiddleware, https_only=settings.is_production)
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    app.add_middleware(RequestIdMiddleware)
