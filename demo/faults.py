"""The ways in which a vendor fails, as bytes on the wire. Knows no player and no clock."""

from dataclasses import dataclass, field
from enum import StrEnum

BIG_BYTES = 10 * 1024 * 1024


class Fault(StrEnum):
    """What the vendor does instead of answering."""

    HTTP_500 = "http_500"
    HANG = "hang"  # never answers
    HTML = "html"  # an error page with status 200
    WRONG_JSON = "wrong_json"  # a list that ends in the middle
    EMPTY = "empty"  # [] for everybody
    NO_BODY = "no_body"
    ODD_STATUS = "odd_status"
    DUPLICATE = "duplicate"  # two objects for one MAC
    SURROGATE = "surrogate"  # half of a character in the name
    BIG = "big"  # 10 MB
    HALF_OPEN = "half_open"  # half of an answer, then silence
    REDIRECT = "redirect"
    RESET = "reset"  # the connection is cut


@dataclass
class Trouble:
    """Which fault is on, for whom, and for what share of the requests."""

    fault: Fault | None = None
    macs: frozenset[str] = field(default_factory=frozenset)  # empty: everybody
    share: float = 1.0

    def strikes(self, mac: str, drawn: float) -> bool:
        """Tell whether a request for a MAC is hit; `drawn` is a random number below 1."""
        if self.fault is None or (self.macs and mac not in self.macs):
            return False
        return drawn < self.share


def response(status: str, body: bytes, kind: str = "application/json", more: str = "") -> bytes:
    """One whole HTTP answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


HONEST_ERROR = response("503 Service Unavailable", b"upstream busy\n", "text/plain")
PAGE = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1><p>Шлюз не отвечает</p></body></html>"
PLAYER = b'{"status": "online", "name": "Hall LED", "ip": "192.168.1.2", "outIp": "203.0.113.9"}'
BODIES = {
    Fault.HTTP_500: response("500 Internal Server Error", b'{"error": "boom"}'),
    Fault.HTML: response("200 OK", PAGE.encode(), "text/html; charset=utf-8"),
    Fault.WRONG_JSON: response("200 OK", b'[{"status": "online", "name": "Hal'),
    Fault.EMPTY: response("200 OK", b"[]"),
    Fault.NO_BODY: response("200 OK", b""),
    Fault.ODD_STATUS: response("200 OK", b"[" + PLAYER.replace(b"online", b"rebooting") + b"]"),
    Fault.DUPLICATE: response("200 OK", b"[" + PLAYER + b", " + PLAYER + b"]"),
    Fault.SURROGATE: response("200 OK", b"[" + PLAYER.replace(b"Hall", b"\\ud83d") + b"]"),
    Fault.REDIRECT: response("302 Found", b"", more="Location: http://127.0.0.1:9/\r\n"),
    Fault.HALF_OPEN: response("200 OK", b"[" + PLAYER + b"]")[:-60],
}


def body_of(fault: Fault) -> bytes:
    """What a failing vendor sends; empty for a fault that sends nothing."""
    if fault is Fault.BIG:  # made when asked for: nobody else pays for 10 MB
        return response("200 OK", b"[" + PLAYER + b" " * BIG_BYTES + b"]")
    return BODIES.get(fault, b"")
