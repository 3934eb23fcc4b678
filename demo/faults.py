"""The ways in which a vendor fails, as bytes on the wire. Knows no player and no vendor."""

from dataclasses import dataclass, field
from email.utils import formatdate
from enum import StrEnum
from time import time
from typing import NamedTuple

BIG_BYTES = 10 * 1024 * 1024


class Fault(StrEnum):
    """What the vendor does instead of answering honestly."""

    HTTP_500 = "http_500"
    BAD_TOKEN = "bad_token"  # noqa: S105 (401, as if the token were wrong)
    TOO_MANY = "too_many"  # 429, Retry-After in seconds
    TOO_MANY_UNTIL = "too_many_until"  # 429, Retry-After as a date
    HANG = "hang"  # never answers
    HTML = "html"  # an error page with status 200
    GARBAGE = "garbage"  # bytes that are no text
    WRONG_JSON = "wrong_json"  # an answer that ends in the middle
    EMPTY = "empty"  # no player, whoever asks
    ALL_OFFLINE = "all_offline"  # a well-formed lie: every player is offline
    NO_BODY = "no_body"
    ODD_STATUS = "odd_status"  # every player is "rebooting"
    DUPLICATE = "duplicate"  # every player twice
    SURROGATE = "surrogate"  # half of a character in every name
    BIG = "big"  # 10 MB
    HALF_OPEN = "half_open"  # half of an answer, then silence
    DRIP = "drip"  # one byte of the answer after the other, slowly
    REDIRECT = "redirect"
    RESET = "reset"  # the connection is cut


class Manner(StrEnum):
    """What becomes of the connection with an answer."""

    WHOLE = "whole"
    SILENT = "silent"  # nothing follows, and the connection stays open
    DRIP = "drip"
    CUT = "cut"


class Answer(NamedTuple):
    """Bytes for the wire and how they go there; `pause` is the seconds between dripping bytes."""

    wire: bytes
    manner: Manner = Manner.WHOLE
    pause: float = 0.0


@dataclass
class Trouble:
    """Which fault is on, for whom, and for what share of the requests."""

    fault: Fault | None = None
    subjects: frozenset[str] = field(default_factory=frozenset)  # empty: everybody
    share: float = 1.0
    seconds: float = 5.0  # of Retry-After; of a drip between two bytes

    def strikes(self, subject: str, drawn: float) -> bool:
        """Tell whether a request about a subject is hit; `drawn` is a random number below 1."""
        if self.fault is None or (self.subjects and subject not in self.subjects):
            return False
        return drawn < self.share


def response(status: str, body: bytes, kind: str = "application/json", more: str = "") -> bytes:
    """One whole HTTP answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


CUT = Answer(b"", Manner.CUT)
HONEST_ERROR = Answer(response("503 Service Unavailable", b"upstream busy\n", "text/plain"))
UNAUTHORIZED = response("401 Unauthorized", b'{"error": {"code": 401, "message": "bad token"}}')
PAGE = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1><p>Шлюз не отвечает</p></body></html>"
# Faults that do not depend on what an honest answer would be.
BODIES = {
    Fault.HTTP_500: response("500 Internal Server Error", b'{"error": "boom"}'),
    Fault.BAD_TOKEN: UNAUTHORIZED,
    Fault.HTML: response("200 OK", PAGE.encode(), "text/html; charset=utf-8"),
    Fault.GARBAGE: response("200 OK", bytes(range(256)) * 4),
    Fault.NO_BODY: response("200 OK", b""),
    Fault.REDIRECT: response("302 Found", b"", more="Location: http://127.0.0.1:9/\r\n"),
}


def in_place_of(trouble: Trouble) -> Answer | None:
    """The answer of a fault that needs no honest one; None when the fault deforms that."""
    match trouble.fault:
        case Fault.RESET:
            return CUT
        case Fault.HANG:
            return Answer(b"", Manner.SILENT)
        case Fault.TOO_MANY:
            return _too_many(f"{trouble.seconds:.0f}")
        case Fault.TOO_MANY_UNTIL:
            return _too_many(formatdate(time() + trouble.seconds, usegmt=True))
    return Answer(BODIES[trouble.fault]) if trouble.fault in BODIES else None


def deformed(trouble: Trouble, body: bytes) -> Answer:
    """An answer that was honest, as a fault sends it; faults of its content leave it as it is."""
    match trouble.fault:
        case Fault.WRONG_JSON:
            return Answer(response("200 OK", body[: len(body) // 2]))
        case Fault.BIG:  # made when asked for: nobody else pays for 10 MB
            return Answer(response("200 OK", body + b" " * BIG_BYTES))
        case Fault.HALF_OPEN:
            half = len(body) - len(body) // 2
            return Answer(response("200 OK", body)[:-half], Manner.SILENT)
        case Fault.DRIP:
            return Answer(response("200 OK", body), Manner.DRIP, trouble.seconds)
    return Answer(response("200 OK", body))


def _too_many(retry_after: str) -> Answer:
    body = b'{"error": {"code": 429, "message": "too many requests"}}'
    return Answer(response("429 Too Many Requests", body, more=f"Retry-After: {retry_after}\r\n"))
