"""The simulated SMS gateway: `POST /send`, `GET /sms`, and one key. Opens no connection.

As with the real one messages have no id, a list may show one again, and a time may be missing.
"""

import json
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import parse_qs

from demo.faults import Answer, Fault, Trouble, deformed, in_place_of, response
from demo.losses import MOST, Told
from demo.present import Clock
from demo.sms.crowd import Crowd
from demo.sms.network import Network
from demo.vendors.shape import Refusal, Request

KEY = "demo-gateway-key"
NOTHING_NEW = b'{"status": "no new sms"}'


@dataclass
class Listed:
    """A message from a socket, and how many lists will still show it."""

    sender: str
    text: str
    timestamp: str | None
    showings: int


class Gateway:
    """An account at the gateway that every simulated socket knows."""

    path = "/"

    def __init__(self, clock: Clock, network: Network) -> None:
        self.clock = clock
        self.network = network
        self.crowd: Crowd
        self.is_up = True
        self.latency = (0.05, 0.4)
        self.trouble = Trouble()
        #: Whether a message goes out though its request meets the trouble.
        self.takes = False
        self.inbox: list[Listed] = []
        self.told: deque[Told] = deque(maxlen=MOST)
        self.requests = self.sent = self.received = 0
        self._random = Random(f"gateway {network.seed}")

    def delay(self) -> float:
        """How long the answer to a request takes."""
        low, high = self.latency
        return low if low == high else self._random.uniform(low, high)

    def answer(self, request: Request) -> Answer:
        """What goes back for one request: honest, or as the trouble that is on has it."""
        self.requests += 1
        self.network.agenda.advance(self.clock.now())
        try:
            if request.header("Authorization") != KEY:
                raise Refusal("401 Unauthorized", "the key is missing or wrong")
            match request.method, request.path.rstrip("/"):
                case "POST", "/send":
                    return self._send(request)
                case "GET", "/sms":
                    return self._list()
            raise Refusal("404 Not Found", "not found")
        except Refusal as refusal:
            return refusal.answer

    def take(self, sender: str, text: str, at: float) -> None:
        """Keep a message that came from a socket until it is listed."""
        self.received += 1
        date = datetime.fromtimestamp(self.clock.date(at), UTC).isoformat(timespec="seconds")
        habits = self.network.habits
        timestamp = None if self._random.random() < habits.timeless else date
        showings = 2 if self._random.random() < habits.again else 1
        self.inbox.append(Listed(sender, text, timestamp, showings))

    def _send(self, request: Request) -> Answer:
        told = _values(request)
        number, text = told.get("number", ""), told.get("text", "")
        if not number.startswith("+") or not text:
            raise Refusal("400 Bad Request", "number and text are expected")
        is_hit = self.trouble.strikes(number, self._random.random())
        if not is_hit or self.takes:
            self._carry(number, text)
        return self._troubled(b"OK") if is_hit else Answer(_plain(b"OK"))

    def _carry(self, number: str, text: str) -> None:
        self.sent += 1
        crowd, now = self.crowd, self.clock.now()
        # Kept until it arrives: players hang, and come back, in the meantime.
        told = Told(now, number, crowd.well(number))
        self.told.append(told)
        self.network.carry(now, lambda at: crowd.deliver(number, text, at, told))

    def _list(self) -> Answer:
        if self.trouble.strikes("", self._random.random()):
            return self._troubled(NOTHING_NEW)
        if not self.inbox:
            return Answer(response("200 OK", NOTHING_NEW))
        listed = [_written(message) for message in self.inbox]
        for message in self.inbox:
            message.showings -= 1
        self.inbox = [message for message in self.inbox if message.showings]
        body = {"status": "ok", "sms_messages": listed}
        return Answer(response("200 OK", json.dumps(body, ensure_ascii=False).encode()))

    def _troubled(self, body: bytes) -> Answer:
        return in_place_of(self.trouble) or deformed(self.trouble, body)


# Those of a vendor's list make no sense here.
FAULTS = frozenset(Fault) - {
    *(Fault.ALL_OFFLINE, Fault.DUPLICATE, Fault.EMPTY, Fault.ODD_STATUS, Fault.SURROGATE)
}


def _values(request: Request) -> dict[str, str]:
    """Number and text, from the form or from the address."""
    form = request.body.decode("utf-8", "replace") if request.body else request.query
    return {name: values[0] for name, values in parse_qs(form).items()}


def _written(message: Listed) -> dict[str, Any]:
    written = {"from": message.sender, "message": message.text}
    return written | ({"timestamp": message.timestamp} if message.timestamp else {})


def _plain(body: bytes) -> bytes:
    return response("200 OK", body, "text/plain; charset=utf-8")
