"""JSON as a vendor should send it: what a lenient reader would guess at is an error here. Pure."""

import json
from typing import Any


class MalformedError(ValueError):
    """The bytes are no JSON, or JSON that two readers could read differently."""


def read(body: bytes) -> Any:
    """Return the value; raise MalformedError for anything doubtful.

    Doubtful: not UTF-8, a key twice in one object, NaN and Infinity, nesting or numbers
    beyond Python's limits.
    """
    try:
        # utf-8-sig: a byte order mark is common and harmless
        return _DECODER.decode(body.decode("utf-8-sig" if body[:1] == b"\xef" else "utf-8"))
    except (ValueError, RecursionError) as error:
        raise MalformedError(str(error)) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedError("a key stands twice in one object")
    return value


def _constant(name: str) -> None:
    raise MalformedError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
