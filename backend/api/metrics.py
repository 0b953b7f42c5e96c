"""Prometheus metrics of the HTTP side."""

import secrets
from time import perf_counter
from typing import Annotated, Final

from fastapi import APIRouter, Header
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from pydantic import SecretStr
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.errors import responses
from backend.errors import DomainError

_KNOWN_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_UNMATCHED: Final = "(no route)"


class MetricsTokenRequired(DomainError):
    """Say that metrics are read with the token of the setting METRICS_TOKEN."""

    code = "AUTH_REQUIRED"
    status = 401

    def __init__(self) -> None:
        super().__init__("Send the metrics token as a bearer token.", headers={"WWW-Authenticate": "Bearer"})


class HttpMetrics:
    """Hold the metrics of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.requests = Counter(
            "http_requests_total", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "Seconds from the request to the last byte of its answer.",
            ["method", "route"],
            registry=self.registry,
        )
        self.in_progress = Gauge("http_requests_in_progress", "Requests being answered.", registry=self.registry)


class MetricsMiddleware:
    """Count and time requests by route template, never by path: paths are endless."""

    def __init__(self, app: ASGIApp, *, metrics: HttpMetrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        started = perf_counter()

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self.metrics.in_progress.track_inprogress():
            try:
                await self.app(scope, receive, send_and_note)
            finally:
                method = scope["method"] if scope["method"] in _KNOWN_METHODS else "OTHER"
                route = route_template(scope)
                self.metrics.requests.labels(method, route, str(status)).inc()
                self.metrics.seconds.labels(method, route).observe(perf_counter() - started)


def route_template(scope: Scope) -> str:
    """Return the path template of the route that served a request, with the prefixes of its routers.

    An included route knows its own part only; FastAPI keeps the whole beside it.
    """
    included = scope.get("fastapi", {}).get("effective_route_context")
    route: BaseRoute | None = scope.get("route")
    return str(getattr(included, "path_format", None) or getattr(route, "path", _UNMATCHED))


def metrics_router(metrics: HttpMetrics, token: SecretStr | None) -> APIRouter:
    """Serve the metrics, to everyone or to whoever has the token."""
    router = APIRouter(tags=["operations"])

    @router.get(
        "/metrics",
        summary="Read Prometheus metrics",
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text format."},
            **responses(MetricsTokenRequired),
        },
    )
    async def read_metrics(authorization: Annotated[str, Header()] = "") -> Response:
        """Give this process's counters; with the setting METRICS_TOKEN, only to who sends it as a bearer token."""
        if token is not None:
            expected = f"Bearer {token.get_secret_value()}"
            if not secrets.compare_digest(authorization.encode(), expected.encode()):
                raise MetricsTokenRequired
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router
