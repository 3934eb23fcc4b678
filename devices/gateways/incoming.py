"""How messages from outside are read: texts fit to be stored, moments, JSON as gateways write it.

Pure. Anybody can send an SMS: one that is odd must neither raise nor keep the others away.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from .shape import GatewayError, Reason, Received

LONGEST_TEXT = 10_000  # characters: far more than phones put into one message; the rest is cut
LONGEST_SENDER = 200
MOST = 1000  # messages of one answer: the newest; a longer inbox has shown the others before
_MILLISECONDS = (
    100_000_000_000  # a Unix time above is in them; in seconds it would be the year 5138
)
_LATEST = 253_402_300_799  # the end of the year 9999


def received(sender: object, text: object, at: object) -> Received | None:
    """Read one message; None for one that says nothing at all."""
    message = Received(cleaned(sender, LONGEST_SENDER), cleaned(text, LONGEST_TEXT), moment(at))
    return message if message.sender or message.text else None


def ordered(messages: Iterable[Received | None]) -> tuple[Received, ...]:
    """Return those that say something, oldest first, whatever order the gateway has."""
    found = [message for message in messages if message is not None]
    return tuple(sorted(found, key=_place)[-MOST:])


def cleaned(value: object, longest: int) -> str:
    """Return a text that every database and encoding takes; numbers as they are written.

    NUL and halves of surrogate pairs become U+FFFD; what is too long is cut.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value:d}" if abs(value) < 10**20 else ""
    if not isinstance(value, str):
        return ""
    cut = value[:longest].replace("\x00", "\ufffd")
    return cut.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def moment(value: object) -> datetime | None:
    """Read ISO 8601 or Unix time, in seconds or milliseconds; without a zone it is UTC."""
    if isinstance(value, str):
        text = value.strip()[:40]
        if not (text.isascii() and text.isdecimal() and len(text) >= 9):
            return _iso(text)
        value = int(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value < _LATEST * 1000:  # also false for NaN
        return None
    return datetime.fromtimestamp(value / 1000 if value > _MILLISECONDS else value, UTC)


def value_of(body: bytes) -> Any:
    """Read JSON leniently; raise GatewayError for what is none.

    Bytes that are no UTF-8 and bare control characters come from gateways that copy a message into
    JSON without care. Refused, one such message would hide all others for as long as it is there.
    """
    try:
        return json.loads(body.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError):
        raise GatewayError(Reason.ODD_ANSWER) from None


def _iso(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _place(message: Received) -> tuple[bool, datetime, str, str, str]:
    at = message.at
    # Those without a time come last: they are as old as the poll.
    return (at is None, at or datetime.max.replace(tzinfo=UTC), *message[:2], message.gateway_id)
