"""What is answered where no view could: the API's one shape under /api/, a page elsewhere."""

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults


def is_for_the_api(request: HttpRequest) -> bool:
    """Tell whether a program asks, which reads no pages."""
    return request.path.startswith("/api/")


def told(code: str, message: str, status: int) -> JsonResponse:
    """Return an error in the shape that the API's views have for theirs."""
    return JsonResponse(
        {"error": {"code": code, "message": message, "fields": None}}, status=status
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400: refused before a view saw it."""
    if not is_for_the_api(request):
        return defaults.bad_request(request, exception)
    if isinstance(exception, DisallowedHost):
        return told("invalid_host", _("Remosa does not serve this host: see ALLOWED_HOSTS."), 400)
    return told("invalid", _("This request cannot be served."), 400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500: a fault of ours outside the views; the log says which."""
    if not is_for_the_api(request):
        return defaults.server_error(request)
    return told("failure", _("Remosa failed on this request. Its log says why."), 500)
