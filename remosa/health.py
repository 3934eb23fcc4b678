"""What a load balancer and a container engine ask: alive, and ready to serve."""

from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse


def healthy(request: HttpRequest) -> HttpResponse:
    """Answer that the process serves requests."""
    return HttpResponse("Healthy.\n", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """Answer whether the database answers: 200, or 503 with the reason."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return HttpResponse("The database does not answer.\n", "text/plain", 503)
    return HttpResponse("Ready.\n", content_type="text/plain")
