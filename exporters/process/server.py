"""Serves a few pages over HTTP/1.1 and stays responsive whatever connections do.

Each phase of a connection has a deadline, the number of connections is bounded: a new one
takes the place of the one that has been idle longest. Knows nothing of what the pages say.
"""

import asyncio
import os
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import h11

HEADERS_WITHIN = 5.0  # seconds for a whole request
IDLE_FOR = 120.0  # seconds between two requests; Prometheus keeps its connection
SENT_WITHIN = 60.0  # seconds for a whole answer
CONNECTIONS = 512
HEADERS_LIMIT = 16 * 1024  # bytes
READ_SIZE = 16 * 1024
BACKLOG = 1024
PIECE = 64 * 1024  # bytes


class ListenError(Exception):
    """The address cannot be listened at; the text says which and why."""


class Page(NamedTuple):
    """An answer. `encoding` is what the body is packed with, if it is."""

    code: int
    content_type: str
    body: Sequence[bytes]
    encoding: str = ""


class Asked(NamedTuple):
    """What a page may depend on."""

    path: str
    accepts_gzip: bool


class Server:
    """HTTP server of one process. `answer` makes a page and must not wait for anything."""

    def __init__(
        self,
        answer: Callable[[Asked], Page],
        *,
        connections: int = CONNECTIONS,
        headers_within: float = HEADERS_WITHIN,
        idle_for: float = IDLE_FOR,
    ) -> None:
        self._answer = answer
        self._limit = connections
        self._headers_within = headers_within
        self._idle_for = idle_for
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        # Connections that send us nothing yet or any more; the longest idle one comes first.
        self._idle: dict[asyncio.StreamWriter, None] = {}

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen; return the port, which the system chose if it was 0. Raises ListenError."""
        try:
            self._server = await asyncio.start_server(
                self._serve, host, port, limit=READ_SIZE, backlog=BACKLOG, ssl=tls
            )
        except OSError as error:
            # asyncio wraps the system's words into its own; a name look-up has no errno > 0
            code = error.errno or 0
            why = os.strerror(code) if code > 0 else str(error)
            raise ListenError(f"cannot listen at {host}:{port}: {why}") from error
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Close every connection at once."""
        if self._server:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._make_room():
            writer.transport.abort()
            return
        self._open.add(writer)
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEADERS_LIMIT)
        try:
            idle_for = self._headers_within
            while await self._serve_one(connection, reader, writer, idle_for):
                idle_for = self._idle_for
        except (OSError, TimeoutError, h11.ProtocolError):
            pass  # the peer went away or took too long: nobody is left to be told
        finally:
            self._open.discard(writer)
            self._idle.pop(writer, None)
            if writer.transport.get_write_buffer_size():
                writer.transport.abort()  # the peer does not read
            else:
                writer.close()

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
                page = _text(error.error_status_hint, "This is no HTTP request.")
                await self._send(connection, writer, page)
            return False
        if request is None:
            return False
        self._idle.pop(writer, None)
        if request.method in (b"GET", b"HEAD"):
            page = self._answer(_asked(request))
        else:
            page = _text(405, "Only GET and HEAD are answered.")
        await self._send(connection, writer, page, only_head=request.method == b"HEAD")
        connection.next_event()  # the request's end, unless it has a body, which nobody reads
        if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
            return False
        connection.start_next_cycle()
        return True

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
        ]
        if page.encoding:
            headers.append(("Content-Encoding", page.encoding))
        if page.code == 405:
            headers.append(("Allow", "GET, HEAD"))
        async with asyncio.timeout(SENT_WITHIN):
            head = connection.send(h11.Response(status_code=page.code, headers=headers)) or b""
            if not only_head:
                for part in page.body:
                    connection.send_with_data_passthrough(h11.Data(data=part))  # counts only
            connection.send(h11.EndOfMessage())
            for piece in pieces((head,) if only_head else (head, *page.body)):
                writer.write(piece)
                await writer.drain()

    def _make_room(self) -> bool:
        """Close the longest idle connection when there are too many; tell whether one may stay."""
        if len(self._open) < self._limit:
            return True
        if not self._idle:
            return False
        writer = next(iter(self._idle))
        self._idle.pop(writer)
        self._open.discard(writer)
        writer.transport.abort()
        return True


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


def _asked(request: h11.Request) -> Asked:
    path = request.target.partition(b"?")[0].decode("latin-1")
    accepted = ",".join(
        value.decode("latin-1") for name, value in request.headers if name == b"accept-encoding"
    )
    return Asked(path, any(_is_gzip(coding) for coding in accepted.lower().split(",")))


def _is_gzip(coding: str) -> bool:
    name, _, quality = coding.partition(";")
    refused = quality.replace(" ", "").rstrip("0").rstrip(".") in ("q=", "q=0")
    return name.strip() in ("gzip", "*") and not refused


def _text(code: int, text: str) -> Page:
    return Page(code, "text/plain; charset=utf-8", (f"{text}\n".encode(),))
