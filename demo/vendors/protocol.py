"""HTTP under the simulated vendors: connections, and which vendor an address belongs to.

Written for speed, not for everything that HTTP allows: the clients are our own.
"""

import asyncio
import signal
from collections.abc import Callable, Mapping
from functools import partial
from typing import cast
from urllib.parse import unquote

from demo import control
from demo.faults import Answer, Manner, response
from demo.vendors.shape import Request, Vendor

LARGEST_REQUEST = 1 << 20
NOT_FOUND = response("404 Not Found", b'{"error": "not found"}')


class Connection(asyncio.Protocol):
    """One client; requests are answered one after the other, the connection stays open."""

    def __init__(self, vendors: Mapping[str, Vendor], loop: asyncio.AbstractEventLoop) -> None:
        self.vendors = vendors
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
        for vendor in self.vendors.values():
            if path.startswith(vendor.path):
                self.busy = True
                # The time that a long list takes to write is a part of the latency.
                due = self.loop.time() + vendor.delay()
                self.loop.call_at(due, self._send, vendor.answer(request))
                return
        if path.startswith("/control"):
            done = control.answer(self.vendors, method, unquote(path), request.body)
            self._send(Answer(done))
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


async def serve(
    vendors: Mapping[str, Vendor],
    port: int,
    listening: Callable[[int], None],
    *,
    shared: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT; `listening` gets the port, which was chosen if 0 was asked.

    `shared`: other processes serve the same port, and the kernel spreads the connections.
    """
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await loop.create_server(
        partial(Connection, vendors, loop), "127.0.0.1", port, backlog=4096, reuse_port=shared
    )
    listening(server.sockets[0].getsockname()[1])
    await ended.wait()
    server.close()
