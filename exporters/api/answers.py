"""Conditional answers: 304 while the caller has what there is. Lists are nobody else's to keep."""

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

PRIVATE = "private, no-cache"

IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of the list one has."
)
ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=[200, 304],
    description="The version of the list for this caller and these parameters.",
)


def fresh(request: Request, etag: str) -> HttpResponse | None:
    """Return 304 when the caller names this version; a proxy may have made it a weak one."""
    named = parse_etags(request.headers.get("If-None-Match", ""))
    if etag in {name.removeprefix("W/") for name in named} or named == ["*"]:
        return HttpResponseNotModified(headers={"ETag": etag, "Cache-Control": PRIVATE})
    return None
