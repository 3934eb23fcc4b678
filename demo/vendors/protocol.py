"""HTTP under the simulated world: connections, and who answers at an address.

Written for speed, not for everything that HTTP allows: the clients are our own.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, cast
from urllib.parse import unquote

from demo.faults import Answer, Manner, response
from demo.vendors.shape import Request

LARGEST_REQUEST = 1 << 20
NOT_FOUND = response("404 Not Found", b'{"error": "not found"}')


# Method, path and body of a control request; the whole answer.
Control = Callable[[str, str, bytes], bytes]


class Answering(Protocol):
    """Whoever answers to the addresses that begin with its path."""

    @property
    def path(self) -> str: ...

    def delay(self) -> float: ...

    def answer(self, request: Request) -> Answer: ...


class Connection(asyncio.Protocol):
    """One client; requests are answered one after the other, the connection stays open."""

    def __init__(
        self,
        answering: Sequence[Answering],
        control: Control | None,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.answering = answering
        self.control = control
        self.loop = loop
        self.received = b""
        self.busy = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if len(self.received) > LARGEST_REQUEST:
            self.transport.abort()
        elif not self.busy:
            self._next()

    def _next(self) -> None:
        """Take one whole request from what was received, if there is one."""
        head, end, rest = self.received.partition(b"\r\n\r\n")
        if not end:
            return
        length = _content_length(head)
        if len(rest) < length:
            return
        self.received = rest[length:]
        try:
            method, target, _ = head.partition(b"\r\n")[0].decode("ascii").split(" ")
        except ValueError:
            self.transport.write(response("400 Bad Request", b""))
            self.transport.close()
            return
        path, _, query = target.partition("?")
        request = Request(method, path, query, head, rest[:length])
        for each in self.answering:
            if path.startswith(each.path):
                self.busy = True
                # The time that a long list takes to write is a part of the latency.
                due = self.loop.time() + each.delay()
                self.loop.call_at(due, self._send, each.answer(request))
                return
        if self.control is not None and path.startswith("/control"):
            self._send(Answer(self.control(method, unquote(path), request.body)))
        else:
            self._send(Answer(NOT_FOUND))

    def _send(self, answer: Answer) -> None:
        if self.transport.is_closing():
            return
        wire, manner, pause = answer
        if manner is Manner.CUT:
            self.transport.abort()
            return
        if manner is Manner.DRIP and len(wire) > 1:
            self.transport.write(wire[:1])
            self.loop.call_later(pause, self._send, Answer(wire[1:], manner, pause))
            return
        self.transport.write(wire)
        if manner is Manner.SILENT:
            return  # stays busy: this connection never gets another answer
        self.busy = False
        if self.received:
            self._next()


def _content_length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    value = head[at + 17 :].partition(b"\r\n")[0].strip()
    return int(value) if value.isdigit() else 0
