"""The simulated CubicMedia: an HTTP server, quick enough for 10,000 players.

It speaks what the real one speaks; `/control` is the simulation's own door (demo.control).
"""

import asyncio
import json
import signal
from collections.abc import Callable
from functools import partial
from random import Random
from typing import cast
from urllib.parse import parse_qs, urlsplit

from demo import control
from demo.faults import HONEST_ERROR, Fault, Trouble, body_of, response
from demo.life import World

STATUS_PATH = "/api/v0.1/players/status-check"
LARGEST_REQUEST = 1 << 20


class CubicVendor:
    """The vendor's side of every connection: what to answer, and after how long."""

    def __init__(self, world: World, seed: int = 0) -> None:
        self.world = world
        self.random = Random(seed)
        self.latency = (0.05, 0.3)
        self.error_share = 0.003  # of honest 503 answers now and then
        self.answering = True
        self.trouble = Trouble()
        self.requests = 0

    def answer(self, query: str) -> bytes | Fault:
        """The answer to one question for one MAC, or the fault that takes its place."""
        self.requests += 1
        mac = parse_qs(query).get("mac", [""])[0]
        if not self.answering:
            return Fault.RESET
        if self.trouble.fault and self.trouble.strikes(mac, self.random.random()):
            return self.trouble.fault
        if self.random.random() < self.error_share:
            return HONEST_ERROR
        known = self.world.answer(mac)
        listed = [] if known is None else [known]
        return response("200 OK", json.dumps(listed, ensure_ascii=False).encode())

    def delay(self) -> float:
        return self.random.uniform(*self.latency)


class Connection(asyncio.Protocol):
    """One client; requests are answered one after the other, the connection stays open."""

    def __init__(self, vendor: CubicVendor) -> None:
        self.vendor = vendor
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
            method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
        except ValueError:
            self.transport.write(response("400 Bad Request", b""))
            self.transport.close()
            return
        address = urlsplit(target)
        if address.path == STATUS_PATH and method == "GET":
            self.busy = True
            answer = self.vendor.answer(address.query)
            send = partial(self._send, answer)
            asyncio.get_running_loop().call_later(self.vendor.delay(), send)
        elif address.path.startswith("/control"):
            self._send(control.answer(self.vendor, method, address.path, rest[:length]))
        else:
            self._send(response("404 Not Found", b'{"error": "not found"}'))

    def _send(self, answer: bytes | Fault) -> None:
        if self.transport.is_closing():
            return
        if answer is Fault.RESET:
            self.transport.abort()
            return
        self.transport.write(body_of(answer) if isinstance(answer, Fault) else answer)
        if answer in (Fault.HANG, Fault.HALF_OPEN):
            return  # stays busy: this connection never gets another answer
        self.busy = False
        if self.received:
            self._next()


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length" and value.strip().isdigit():
            return int(value)
    return 0


async def serve(vendor: CubicVendor, port: int, listening: Callable[[int], None]) -> None:
    """Serve until SIGTERM or SIGINT; `listening` gets the port, which was chosen if 0 was asked."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await loop.create_server(lambda: Connection(vendor), "127.0.0.1", port, backlog=4096)
    listening(server.sockets[0].getsockname()[1])
    await ended.wait()
    server.close()
