"""Reading a request's body: JSON in UTF-8 of a bounded size, and nothing a database refuses."""

import json
import re
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from .errors import TooLarge

# Only a body with one of these escapes can hold what is looked for: most bodies are not walked.
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89abcdefABCDEF])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class JsonBody(BaseParser):
    """A JSON document. Lone surrogates and NUL, which PostgreSQL cannot store, are a 400."""

    media_type = "application/json"
    refuses_unstorable = True

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the document; raise ParseError (400) or TooLarge (413)."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1) if _announced_size(parser_context) <= limit else None
        if body is None or len(body) > limit:
            raise TooLarge(_("The body is longer than %(limit)s bytes.") % {"limit": limit})
        try:
            document = json.loads(body.decode(), parse_constant=_refuse_constant)
        except RecursionError:
            raise ParseError(_("The JSON is nested too deeply.")) from None
        except ValueError as error:
            raise ParseError(_("This is not JSON: %(error)s") % {"error": error}) from error
        if self.refuses_unstorable and _SUSPECT.search(body) and _has_unstorable(document):
            raise ParseError(_("A text holds a NUL character or half of a surrogate pair."))
        return document


class JsonLines(JsonBody):
    """A JSON document whose lines the view judges one by one, so that a bad one costs no other."""

    refuses_unstorable = False


def _announced_size(parser_context: Mapping[str, Any] | None) -> int:
    """Return Content-Length, so that a body that is too long is not even read."""
    request = (parser_context or {}).get("request")
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0) if request is not None else 0
    except ValueError:
        return 0


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def _has_unstorable(document: Any) -> bool:
    """Look into every key and text, without recursion."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if _UNSTORABLE.search(value):
                return True
        elif isinstance(value, dict):
            waiting += value.keys()
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return False
