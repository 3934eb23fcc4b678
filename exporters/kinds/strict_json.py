"""JSON as a vendor should send it: what a lenient reader would guess at is an error here. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any


class MalformedError(ValueError):
    """The bytes are no JSON, or JSON that two readers could read differently."""


def read(body: bytes) -> Any:
    """Return the value; raise MalformedError for anything doubtful.

    Doubtful: not UTF-8, a key twice in one object, NaN and Infinity, nesting or numbers
    beyond Python's limits.
    """
    try:
        return _DECODER.decode(_text(body))
    except (ValueError, RecursionError) as error:
        raise MalformedError(str(error)) from error


def entries(body: bytes) -> Iterator[Any]:
    """Yield the entries of a list, as strictly as `read`; one at a time, for a list may be long.

    MalformedError may come after the last of them: believe none before the end.
    """
    try:
        text = _text(body)
        at = _behind("[", text, 0)
        if not text.startswith("]", at):
            entry, at = _DECODER.raw_decode(text, at)
            yield entry
            while text.startswith(",", at := _space(text, at)):
                entry, at = _DECODER.raw_decode(text, _behind(",", text, at))
                yield entry
        if _behind("]", text, at) != len(text):
            raise MalformedError("something stands behind the list")
    except (ValueError, RecursionError) as error:
        raise MalformedError(str(error)) from error


def _text(body: bytes) -> str:
    # utf-8-sig: a byte order mark is common and harmless
    return body.decode("utf-8-sig" if body[:1] == b"\xef" else "utf-8")


def _space(text: str, at: int) -> int:
    """Return the first place from `at` on that is no white space."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _behind(sign: str, text: str, at: int) -> int:
    """Return what stands behind a sign and the white space on both its sides."""
    at = _space(text, at)
    if not text.startswith(sign, at):
        raise MalformedError(f"{sign} is missing at character {at}")
    return _space(text, at + 1)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedError("a key stands twice in one object")
    return value


def _constant(name: str) -> None:
    raise MalformedError(f"{name} is not JSON")


_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
