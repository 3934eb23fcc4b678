"""Refuses bodies that are too large for a page, before anything reads them.

Django bounds what it keeps in memory; the files of a form, a stranger's too, it writes to the disk
without a bound while the CSRF check looks for its token.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

Answer = Callable[[HttpRequest], HttpResponseBase]


class RefuseLargeBodies:
    """Stands before the CSRF check; what is exempt of that bounds its bodies itself."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Answer 413; a body that does not announce its length is not read at all."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        if getattr(view, "csrf_exempt", False) or not length.isdecimal() or int(length) <= limit:
            return None
        return HttpResponse(_("The body is too long."), "text/plain; charset=utf-8", 413)
