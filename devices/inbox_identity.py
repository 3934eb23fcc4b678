"""Which of the messages that a gateway shows again and again are one and the same.

Pure. Most gateways give messages no id, list them for as long as they like, and may tell them by a
webhook as well. A message with a time is known by sender, time and text. One without is known by
the number of its occurrence: it stays the same for as long as every poll lists it, and is another
one when it comes again after it was absent.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import NamedTuple

from devices.gateways.shape import Received
from devices.phones import sender


class Occurrences(NamedTuple):
    """What is remembered of one text without a time from one sender, by its fingerprint."""

    number: int = 0  # of the last occurrence
    listed: int = 0  # times in the last poll
    ahead: int = 0  # told by the webhook and in no poll so far


class Identified(NamedTuple):
    """Messages with their identities, and what to remember: the whole of it."""

    messages: tuple[tuple[str, Received], ...]
    remembered: Mapping[str, Occurrences]


def of_poll(messages: Iterable[Received], remembered: Mapping[str, Occurrences]) -> Identified:
    """Identify all messages of one poll that succeeded; a poll that failed says nothing.

    A gateway that lists a message twice has two of them: they differ by their number alone. Polls
    of one gateway have to be told one after the other.
    """
    found: list[tuple[str, Received]] = []
    counted: Counter[str] = Counter()
    listed: list[tuple[str, Received]] = []
    for message in messages:
        mark = fingerprint(message)
        counted[mark] += 1
        if message.at is None and not message.gateway_id:
            listed.append((mark, message))
        else:
            # What a gateway forgot and lists again is no new message: the count begins anew.
            number = 1 if message.gateway_id else counted[mark]
            found.append((_identity(mark, number), message))
    timeless = Counter(mark for mark, _message in listed)
    after = {
        mark: _polled(remembered.get(mark, Occurrences()), timeless[mark])
        for mark in remembered.keys() | timeless.keys()
    }
    for mark, message in listed:
        found.append((_identity(mark, after[mark].number - timeless[mark] + 1), message))
        timeless[mark] -= 1
    return Identified(tuple(found), after)


def of_webhook(message: Received, remembered: Mapping[str, Occurrences]) -> Identified:
    """Identify a message that the gateway told by itself, maybe again and again."""
    mark = fingerprint(message)
    if message.at is not None or message.gateway_id:
        return Identified(((_identity(mark, 1), message),), remembered)
    before = remembered.get(mark, Occurrences())
    if not before.listed and not before.ahead:
        before = Occurrences(before.number + 1, 0, 1)
    told = ((_identity(mark, before.number), message),)
    return Identified(told, {**remembered, mark: before})


def fingerprint(message: Received) -> str:
    """Return what messages that could be one and the same have in common.

    The number is normalised and the time cut to seconds: webhook and list write them differently.
    """
    if message.gateway_id:
        parts = ["id", message.gateway_id]
    else:
        at = message.at and message.at.astimezone(UTC).replace(microsecond=0).isoformat()
        parts = ["text", sender(message.sender).text, at or "", message.text]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _polled(before: Occurrences, listed: int) -> Occurrences:
    """Count what a poll lists more than the one before; the webhook may have told of it already."""
    more = max(0, listed - before.listed)
    known = min(more, before.ahead)
    # A poll without it ends the waiting: else a later message would be taken for the one told of.
    ahead = before.ahead - known if listed else 0
    return Occurrences(before.number + more - known, listed, ahead)


def _identity(mark: str, number: int) -> str:
    return f"{mark}-{number}"
