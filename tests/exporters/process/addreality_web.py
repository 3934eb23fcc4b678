"""AddReality as a behaviour of a test's web server: accounts by token, and ways to be odd."""

import json
from collections import Counter
from typing import Any

from tests.exporters.process.web import Behaviour, Handler

TOKEN = "token-of-platform-one"
OTHER_TOKEN = "token-of-platform-two"


def device(number: int, **changed: Any) -> dict[str, Any]:
    """Return a device as the vendor writes it, online and playing."""
    return {
        "id": 51000 + number,
        "name": f"Mall {number}, entrance",
        "connection_state": "online",
        "player_status": "playback",
        "last_online": "2025-07-07T10:15:00Z",
        "player_version": "5.3.1",
        "time_zone": "Europe/Moscow",
        "activation_state": True,
        **changed,
    }


def devices(count: int) -> list[dict[str, Any]]:
    """Return so many devices."""
    return [device(number) for number in range(1, count + 1)]


def page(items: list[dict[str, Any]]) -> bytes:
    """Return an answer with these devices."""
    return json.dumps({"data": items}).encode()


class AddReality:
    """What each account lists can be set; `asked` counts by token and offset."""

    def __init__(self) -> None:
        self.accounts: dict[str, list[dict[str, Any]]] = {TOKEN: []}
        self.faults: dict[tuple[str, int], Behaviour] = {}  # by token and offset
        self.ignores_offset = False
        self.asked: Counter[tuple[str, int]] = Counter()
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, handler: Handler) -> None:
        """Answer with a page."""
        asked = json.loads(handler.body)
        token, offset = handler.headers.get("X-API-Token", ""), asked.get("offset", 0)
        self.asked[token, offset] += 1
        self.bodies.append(asked)
        if (token, offset) in self.faults:
            self.faults[token, offset](handler)
        elif token not in self.accounts:
            handler.send(401, b'{"message": "invalid token ' + token.encode() + b'"}')
        else:
            start = 0 if self.ignores_offset else offset
            handler.send(200, page(self.accounts[token][start : start + asked["limit"]]))
