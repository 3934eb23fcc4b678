"""Refuses NUL characters in addresses: PostgreSQL takes none, and no honest request has any."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.defaults import bad_request

from remosa import failures

Answer = Callable[[HttpRequest], HttpResponse]


def refuse_null_characters(get_response: Answer) -> Answer:
    """Answer 400 before a filter or a search hands the character to the database."""

    def middleware(request: HttpRequest) -> HttpResponse:
        query: str = request.META.get("QUERY_STRING", "")
        if "\x00" not in request.path and "\x00" not in query and "%00" not in query:
            return get_response(request)
        if failures.is_for_the_api(request):
            return failures.told("invalid", _("The address holds a NUL character."), 400)
        return bad_request(request, ValueError())

    return middleware
