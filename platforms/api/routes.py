"""How the addresses of the API are written: ids that a database can hold, the slash optional."""

from collections.abc import Callable
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, register_converter
from django.views.decorators.csrf import csrf_exempt

View = Callable[..., HttpResponseBase]


class IdConverter:
    """An id; a longer number names nothing."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        """Return the number."""
        return int(value)

    def to_url(self, value: int) -> str:
        """Return the digits."""
        return str(value)


register_converter(IdConverter, "id")


def either_way(route: str, view: View, name: str | None = None) -> list[URLPattern]:
    """Return the route, and the same with a slash at its end, which the schema leaves out."""

    @csrf_exempt  # the view checks it itself, for sessions alone
    def with_slash(*args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(*args, **kwargs)

    return [path(route, view, name=name), path(f"{route}/", with_slash)]
