"""Serves a few pages over HTTP/1.1 and stays responsive whatever connections do.

Each phase of a connection has a deadline, the TLS handshake too; the number of connections is
bounded: a new one takes the place of the one that has been idle longest. Knows nothing of what
the pages say and who may read them.
"""

import asyncio
import logging
import os
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from typing import cast

import h11

from exporters.process.exchange import Asked, Page, asked, text

logger = logging.getLogger(__name__)

# What asyncio sets aside for each TLS connection, 256 KiB unless told: too much for what sends one
# small request and may be one of hundreds that only wait.
SSLProtocol.max_size = 16 * 1024

HEADERS_WITHIN = 5.0  # seconds for a whole request
IDLE_FOR = 120.0  # seconds between two requests; Prometheus keeps its connection
SENT_WITHIN = 60.0  # seconds for a whole answer
CLOSED_WITHIN = 1.0  # seconds for the peer's part of the end of TLS
CONNECTIONS = 512
HEADERS_LIMIT = 16 * 1024  # bytes
READ_SIZE = 16 * 1024
BACKLOG = 1024
PIECE = 64 * 1024  # bytes


class ListenError(Exception):
    """The address cannot be listened at; the text says which and why."""


class Server:
    """HTTP server of one process. `answer` makes a page and must not wait for anything.

    `refusal` returns what is answered to somebody who may not read; None: they may.
    """

    def __init__(
        self,
        answer: Callable[[Asked], Page],
        refusal: Callable[[Asked], Awaitable[Page | None]] | None = None,
        *,
        connections: int = CONNECTIONS,
        headers_within: float = HEADERS_WITHIN,
        idle_for: float = IDLE_FOR,
    ) -> None:
        self._answer = answer
        self._refusal = refusal
        self._limit = connections
        self._headers_within = headers_within
        self._idle_for = idle_for
        self._tls: ssl.SSLContext | None = None
        self._renewals = 0
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        # Connections that send us nothing yet or any more; the longest idle one comes first.
        self._idle: dict[asyncio.StreamWriter, None] = {}
        # Those of them that were answered already, and wait for another request.
        self._kept: set[asyncio.StreamWriter] = set()

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen; return the port, which the system chose if it was 0. Raises ListenError."""
        self._tls = tls
        try:
            self._server = await asyncio.start_server(
                self._serve, host, port, limit=READ_SIZE, backlog=BACKLOG
            )
        except OSError as error:
            # asyncio wraps the system's words into its own; a name look-up has no errno > 0
            code = error.errno or 0
            why = os.strerror(code) if code > 0 else str(error)
            raise ListenError(f"cannot listen at {host}:{port}: {why}") from error
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def renew(self, tls: ssl.SSLContext | None) -> None:
        """Serve with other certificates, or without; what is open ends after its next answer.

        Nothing ends where there is no TLS before and after: passwords are asked for with every
        request. Nor does a connection that waits for its first answer: its peer could not tell
        that from a fault, and would not ask again.
        """
        if self._tls is None and tls is None:
            return
        self._tls = tls
        self._renewals += 1
        for writer in list(self._kept):
            self._end(writer)

    async def stop(self) -> None:
        """Close every connection at once."""
        if self._server:
            self._server.close()
        for writer in list(self._open):
            self._end(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._make_room():
            writer.transport.abort()
            return
        self._open[writer] = asyncio.current_task()
        self._idle[writer] = None
        # By `_end`; nobody waits for this task, but CPython 3.11 would log a traceback.
        with suppress(asyncio.CancelledError):
            try:
                await self._serve_all(reader, writer)
            except ssl.SSLError as error:
                logger.debug("No TLS with %s: %s", _peer(writer), error)
            except (OSError, TimeoutError, h11.ProtocolError):
                pass  # the peer went away or took too long: nobody is left to be told
            finally:
                self._idle[writer] = None
                await _close(writer)
        self._idle.pop(writer, None)
        self._kept.discard(writer)
        self._open.pop(writer, None)

    async def _serve_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer all requests of a connection."""
        renewals = self._renewals
        if self._tls is not None:
            # Here and not by the listener: it would count and bound no handshakes.
            await writer.start_tls(self._tls, ssl_handshake_timeout=self._headers_within)
        # So that `drain` waits until all is with the system: a connection that ends after its
        # answer would lose the rest. With 0 asyncio's TLS would wait for ever.
        writer.transport.set_write_buffer_limits(high=0 if self._tls is None else 1)
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEADERS_LIMIT)
        idle_for = self._headers_within
        while await self._serve_one(connection, reader, writer, idle_for):
            if renewals != self._renewals:
                return  # what was allowed then may not be now
            idle_for = self._idle_for
            self._kept.add(writer)

    async def _serve_one(
        self,
        connection: h11.Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        idle_for: float,
    ) -> bool:
        """Answer one request; return whether the connection can have another one."""
        self._idle[writer] = None
        try:
            request = await self._read_request(connection, reader, idle_for)
        except h11.RemoteProtocolError as error:
            if connection.our_state is h11.IDLE:
                page = text(error.error_status_hint, "This is no HTTP request.")
                await self._send(connection, writer, page)
            return False
        if request is None:
            return False
        self._idle.pop(writer, None)
        self._kept.discard(writer)
        page = await self._page(request, _peer(writer))
        await self._send(connection, writer, page, only_head=request.method == b"HEAD")
        connection.next_event()  # the request's end, unless it has a body, which nobody reads
        if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
            return False
        connection.start_next_cycle()
        return True

    async def _page(self, request: h11.Request, peer: str) -> Page:
        if request.method not in (b"GET", b"HEAD"):
            return text(405, "Only GET and HEAD are answered.", ("Allow", "GET, HEAD"))
        wanted = asked(request, peer)
        refused = await self._refusal(wanted) if self._refusal else None
        return refused or self._answer(wanted)

    async def _read_request(
        self, connection: h11.Connection, reader: asyncio.StreamReader, idle_for: float
    ) -> h11.Request | None:
        """Return the next request; None when the peer closes. Raises TimeoutError."""
        event = connection.next_event()
        if event is h11.NEED_DATA:
            async with asyncio.timeout(idle_for):
                connection.receive_data(await reader.read(READ_SIZE))
            event = connection.next_event()
        async with asyncio.timeout(self._headers_within):
            while event is h11.NEED_DATA:
                connection.receive_data(await reader.read(READ_SIZE))
                event = connection.next_event()
        return event if isinstance(event, h11.Request) else None

    async def _send(
        self,
        connection: h11.Connection,
        writer: asyncio.StreamWriter,
        page: Page,
        only_head: bool = False,
    ) -> None:
        headers = [
            ("Content-Type", page.content_type),
            ("Content-Length", str(sum(map(len, page.body)))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
            ("Vary", "Accept-Encoding"),
            *page.headers,
        ]
        if page.encoding:
            headers.append(("Content-Encoding", page.encoding))
        async with asyncio.timeout(SENT_WITHIN):
            head = connection.send(h11.Response(status_code=page.code, headers=headers)) or b""
            for piece in pieces(() if only_head else page.body):
                counted = h11.Data(data=cast(bytes, piece))  # its length, no more
                connection.send_with_data_passthrough(counted)
                writer.write(head + piece if head else piece)
                head = b""
                await writer.drain()
            connection.send(h11.EndOfMessage())
            writer.write(head)
            await writer.drain()

    def _make_room(self) -> bool:
        """Close the longest idle connection when there are too many; tell whether one may stay."""
        if len(self._open) < self._limit:
            return True
        if not self._idle:
            return False
        self._end(next(iter(self._idle)))
        return True

    def _end(self, writer: asyncio.StreamWriter) -> None:
        """Close a connection at once, whatever it is doing."""
        self._idle.pop(writer, None)
        self._kept.discard(writer)
        task = self._open.pop(writer, None)
        if task is not None:
            task.cancel()  # first: a handshake would take the abort for its success
        writer.transport.abort()


async def _close(writer: asyncio.StreamWriter) -> None:
    """Let the peer read the last bytes, unless it does not read at all."""
    if writer.transport.get_write_buffer_size():
        writer.transport.abort()
        return
    writer.close()
    if writer.get_extra_info("ssl_object"):  # asyncio waits 30 s for the peer to end TLS as well
        try:
            async with asyncio.timeout(CLOSED_WITHIN):
                await writer.wait_closed()
        except (OSError, TimeoutError):
            writer.transport.abort()


def _peer(writer: asyncio.StreamWriter) -> str:
    name = writer.get_extra_info("peername")
    return str(name[0]) if name else ""


def pieces(parts: Iterable[bytes]) -> Iterator[bytes | memoryview]:
    """Yield the same bytes in pieces of PIECE: small parts joined, large ones cut.

    What a peer does not read lies in a buffer of its connection, so a piece must not be large.
    """
    gathered: list[bytes] = []
    size = 0
    for part in parts:
        if size + len(part) <= PIECE:
            gathered.append(part)
            size += len(part)
            continue
        if gathered:
            yield b"".join(gathered)
        gathered, size = [], 0
        if len(part) <= PIECE:
            gathered, size = [part], len(part)
        else:
            view = memoryview(part)
            yield from (view[at : at + PIECE] for at in range(0, len(part), PIECE))
    if gathered:
        yield b"".join(gathered)
