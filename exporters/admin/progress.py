"""Answers to long writes: the whole page, or its progress line by line for a script that asks."""

import json
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from exporters.enrolment import Steps

NDJSON = "application/x-ndjson"
PAGE = "admin/exporters/exporter/mass.html"
BODY = "admin/exporters/exporter/mass_body.html"
DRAINED = 8  # times the limit: how much of a body that is too large is read to answer it at all

Context = dict[str, Any]
Page = Callable[..., HttpResponseBase]


def answer(
    request: HttpRequest, steps: Steps[Any], done: Callable[[Any], Context], base: Context
) -> HttpResponseBase:
    """Do the steps and answer with the page that `done` describes.

    A script that accepts NDJSON reads ``{"done", "total"}`` lines and then ``{"html"}``. The
    steps are one transaction: who hangs up in the middle, before the commit, undoes it.
    """
    if NDJSON in request.headers.get("Accept", ""):
        told = _told(request, steps, done, base)
        return StreamingHttpResponse(
            told, content_type=NDJSON, headers={"Cache-Control": "no-store"}
        )
    return page(request, base | done(_result(steps)))


def page(request: HttpRequest, context: Context, status: int = 200) -> TemplateResponse:
    """Answer with a whole page."""
    return TemplateResponse(request, PAGE, context, status=status)


def bounded(view: Page) -> Page:
    """Answer a body that is too large in plain words, before CSRF's check would read it."""

    @wraps(view)
    def guarded(admin: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        length = request.META.get("CONTENT_LENGTH") or "0"
        if limit and length.isdecimal() and int(length) > limit:
            _drain(request, min(int(length), DRAINED * limit))
            return _too_large(admin, request, limit)
        return csrf_protect(lambda request: view(admin, request, *args, **kwargs))(request)

    return csrf_exempt(guarded)


def _told(
    request: HttpRequest, steps: Steps[Any], done: Callable[[Any], Context], base: Context
) -> Iterator[str]:
    # The answer is streamed after the middleware has put the language away.
    with translation.override(request.LANGUAGE_CODE):
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                html = render_to_string(BODY, base | done(end.value), request)
                yield json.dumps({"html": html}) + "\n"
                return
            except ObjectDoesNotExist:
                yield json.dumps({"error": _("The exporter was deleted in the meantime.")}) + "\n"
                return
            yield json.dumps({"done": step.done, "total": step.total}) + "\n"


def _result(steps: Steps[Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        except ObjectDoesNotExist as error:
            raise Http404 from error


def _drain(request: HttpRequest, length: int) -> None:
    """Read the body away: a browser shows no answer while it is still sending."""
    while length > 0:
        piece = request.read(min(length, 1 << 20))
        if not piece:
            return
        length -= len(piece)


def _too_large(admin: Any, request: HttpRequest, limit: int) -> HttpResponse:
    text = _(
        "This is more than %(size)s MB at once. Nothing was changed: go back and send it in parts."
    ) % {"size": limit // (1024 * 1024)}
    if NDJSON in request.headers.get("Accept", ""):
        body = json.dumps({"error": text}) + "\n"
        return HttpResponse(body, content_type=NDJSON, status=413)
    context = {**admin.admin_site.each_context(request), "opts": admin.opts, "error": text}
    return page(request, {**context, "title": _("Too large")}, status=413)
