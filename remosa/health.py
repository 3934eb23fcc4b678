"""What a load balancer, a container engine and Prometheus ask of the web application."""

import hmac
import os

from django.conf import settings
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from jobs.figures import EngineCollector
from platforms import integrity
from remosa import shared_cache

_engine = EngineCollector()


def healthy(request: HttpRequest) -> HttpResponse:
    """Answer that the process serves requests."""
    return HttpResponse("Healthy.\n", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """Answer whether the database answers and has its guards: 200, or 503 with the reason.

    Without Redis every page works, so that a web process is ready; the text says that it is away.
    """
    try:
        lacking = integrity.missing(connection)
    except OperationalError:
        return HttpResponse("The database does not answer.\n", "text/plain", 503)
    if lacking:
        why = "The database lacks guards between platforms. Run: manage.py migrate\n"
        return HttpResponse(why, "text/plain", 503)
    away = "Redis does not answer: pages work without it.\n" if shared_cache.is_away() else ""
    return HttpResponse(f"Ready.\n{away}", content_type="text/plain")


def metrics(request: HttpRequest) -> HttpResponse:
    """Serve Remosa's own metrics to the holder of METRICS_TOKEN; without one, in DEBUG alone."""
    token: str = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.DEBUG or (token and hmac.compare_digest(given.encode(), token.encode())):
        return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)
    return HttpResponse("Set METRICS_TOKEN and send it as a bearer token.\n", "text/plain", 401)


def _registry() -> CollectorRegistry:
    """Return what the page is made of: what this process counted, or all workers together.

    Figures of the engine are counted in the database, for all of them alike. The workers' files do
    not have them, so they are added here.
    """
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(_engine)
    return registry
