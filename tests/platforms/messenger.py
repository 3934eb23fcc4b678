"""A service that takes notices, played by a real server on loopback."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.far_side import answer, talking


@dataclass
class Service:
    """What it answers next, and what it was told."""

    url: str = ""
    answers: list[bytes] = field(default_factory=list)  # the last one stays
    bodies: list[dict[str, Any]] = field(default_factory=list)
    written: list[tuple[dict[str, str], bytes]] = field(default_factory=list)  # headers and body
    hang: threading.Event | None = None
    asked: threading.Event = field(default_factory=threading.Event)

    def talk(self, connection: socket.socket, head: bytes) -> None:
        """Read the whole request, keep its body, answer."""
        top, _blank, body = head.partition(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in top.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        while len(body) < length:
            body += connection.recv(65536)
        lines = [line.decode().partition(":") for line in top.split(b"\r\n")[1:]]
        self.written.append(({name.lower(): text.strip() for name, _, text in lines}, body))
        self.bodies.append(json.loads(body))
        self.asked.set()
        if self.hang is not None:
            self.hang.wait(20)
            return
        connection.sendall(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    @property
    def address(self) -> str:
        """Return where it is, as Apprise writes it, with a secret in it."""
        return self.url.replace("http://", "json://") + "/hook/c4n4ry-token"

    @property
    def webhook(self) -> str:
        """Return where it is as a signed webhook, with a secret in it."""
        return self.url + "/hook/c4n4ry-token"

    @property
    def texts(self) -> list[str]:
        """Return the bodies of the messages that came."""
        return [body["message"] for body in self.bodies]


@contextmanager
def running_service(*statuses: str) -> Iterator[Service]:
    """Run a service that answers with these statuses, one after the other."""
    service = Service(answers=[answer(b"ok", status) for status in statuses or ("200 OK",)])
    with talking(service.talk) as url:
        service.url = url
        yield service
        if service.hang is not None:
            service.hang.set()
