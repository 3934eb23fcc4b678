"""The one door from the web application to foreign addresses.

pycurl and not requests: requests has no total deadline, only one per read, so a far side that
drips a byte a second holds it for ever. Here one deadline covers name, connection, TLS and body.
No redirects, no proxies from the environment, no credentials in addresses, a cap on bytes. One
call is one connection and at most one request on it: nothing is ever repeated behind the caller.
"""

import re
import socket
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

import certifi
import pycurl  # type: ignore[import-untyped]
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from .outbound_failures import (
    OutboundError,
    broken,
    failure,
    forbidden,
    placed,
    redirected,
    too_large,
)

__all__ = ["LONGEST_ADDRESS", "Answer", "OutboundError", "Tls", "allowed", "fetch"]

LONGEST_ADDRESS = 8000
HEADER_LIMIT = 64 * 1024  # bytes of all header lines of an answer
_QUICK_EXIT = 322  # CURLOPT_QUICK_EXIT, unnamed by pycurl: else close() waits for a hung DNS
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)
_UNSAFE = re.compile(r"[^\x21-\x7e]|[\\#]")
_HIDDEN_PATH = re.compile(r"(?:^|/)\.\.?(?:/|$)|%2e|%2f|%5c", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PASSING_STATUSES = (408, 425, 429)  # client errors that may pass by themselves
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Tls:
    """How to check the far side: against the system's authorities or a PEM text of one's own."""

    verify: bool = True
    authorities: str = ""


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status; header names are lower case, seconds of waiting."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def checked(self) -> "Answer":
        """Return itself when the status is a success, else raise."""
        if 200 <= self.status < 300:
            return self
        raise OutboundError(
            "http_status",
            format_lazy(_("The server answered with the error {status}."), status=self.status),
            permanent=400 <= self.status < 500 and self.status not in _PASSING_STATUSES,
        )


@dataclass
class _Received:
    """Collects an answer up to its limits."""

    limit: int
    body: bytearray = field(default_factory=bytearray)
    headers: dict[str, str] = field(default_factory=dict)
    header_bytes: int = 0
    whole_head: bool = False  # libcurl takes a head that breaks off in the middle for an answer
    too_large: bool = False

    def take_body(self, chunk: bytes) -> int:
        """Keep a chunk, or end the transfer by taking less than was given."""
        if len(self.body) + len(chunk) > self.limit:
            self.too_large = True
            return 0
        self.body += chunk
        return len(chunk)

    def take_header(self, line: bytes) -> int:
        """Keep a header line; the last of several with one name counts."""
        self.header_bytes += len(line)
        if self.header_bytes > HEADER_LIMIT:
            self.too_large = True
            return 0
        begins = line.startswith(b"HTTP/")  # again after each 1xx; trailers have no such line
        self.whole_head = not line.strip() or (self.whole_head and not begins)
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            self.headers[name.strip().lower()] = value.strip()
        return len(line)


@dataclass
class _Reach:
    """Opens sockets to permitted addresses alone, where it was said which these are."""

    permits: Callable[[str], bool] | None
    opened: list[socket.socket] = field(default_factory=list)
    refused: bool = False

    def bind(self, handle: pycurl.Curl) -> None:
        """Bind a transfer to it."""
        if self.permits is not None:
            handle.setopt(pycurl.OPENSOCKETFUNCTION, self.open)

    def open(self, _purpose: int, address: Any) -> Any:
        """Return a socket to connect, which libcurl copies, or refuse to."""
        host = address.addr[0]
        if self.permits is None or not isinstance(host, str) or not self.permits(host):
            self.refused = True
            return pycurl.SOCKET_BAD
        self.opened.append(socket.socket(address.family, address.socktype, address.protocol))
        return self.opened[-1]

    @property
    def led_nowhere(self) -> bool:
        """Tell whether there was no address but refused ones."""
        return self.refused and not self.opened

    def close(self) -> None:
        """Let go of the originals."""
        for opened in self.opened:
            opened.close()


def allowed(url: str, bases: Collection[str]) -> bool:
    """Tell whether an address lies under one of the bases: same scheme, host, port, and path.

    A path matches by whole segments. A base with a query (`...?mac=`) allows its own path
    with queries that begin so. Whatever could be read in two ways is not allowed.
    """
    try:
        wanted = _parts(url)
    except OutboundError:
        return False
    return any(_lies_under(wanted, base) for base in bases)


def fetch(
    url: str,
    *,
    bases: Collection[str],
    deadline: float,
    limit: int,
    method: Literal["GET", "POST", "PUT", "DELETE"] = "GET",
    headers: Mapping[str, str] = _NO_HEADERS,
    body: bytes | None = None,
    tls: Tls | None = None,
    connect: float | None = None,
    permits: Callable[[str], bool] | None = None,
) -> Answer:
    """Ask one address once; `deadline` in seconds for all of it, `limit` in bytes of the body.

    `connect`: seconds for name, connection and TLS, where that is less than all of it. `permits`
    is asked for each IP address when a connection to it is made, whatever name led there. Any
    status but a redirect is an answer. Raises OutboundError for everything else.
    """
    parts = _parts(url)
    if not allowed(url, bases):
        text = _("The address {place} is not among the allowed ones.")
        raise OutboundError("not_allowed", placed(text, parts), permanent=True, unsent=True)
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if any(_CONTROL.search(line) or not line.isascii() for line in lines):
        text = _("The name, password or token has characters that cannot be sent.")
        raise OutboundError("bad_header", text, permanent=True, unsent=True)
    received = _Received(limit)
    reach = _Reach(permits)
    handle = pycurl.Curl()
    try:
        _prepare(handle, url, deadline, connect or deadline, tls or Tls())
        handle.setopt(pycurl.CUSTOMREQUEST, method)
        handle.setopt(pycurl.MAXFILESIZE_LARGE, limit)
        if body is not None:
            handle.setopt(pycurl.POSTFIELDS, body)
        handle.setopt(pycurl.HTTPHEADER, [*lines, "Expect:"])
        handle.setopt(pycurl.WRITEFUNCTION, received.take_body)
        handle.setopt(pycurl.HEADERFUNCTION, received.take_header)
        reach.bind(handle)
        started = time.monotonic()
        handle.perform()
        seconds = time.monotonic() - started
        status: int = handle.getinfo(pycurl.RESPONSE_CODE)
    except pycurl.error as error:
        unsent = _unsent(handle, parts)
        waited = connect or deadline if unsent else deadline
        if received.too_large or error.args[0] == pycurl.E_FILESIZE_EXCEEDED:
            raise too_large(limit, int(handle.getinfo(pycurl.RESPONSE_CODE))) from None
        if reach.led_nowhere:
            raise forbidden(parts) from None
        raise failure(error.args[0], parts, waited, unsent) from None
    finally:
        handle.close()
        reach.close()
    if not received.whole_head:
        raise broken(parts)
    if status in _REDIRECTS:
        raise redirected(parts, received.headers.get("location", ""))
    return Answer(status, received.headers, bytes(received.body), seconds)


def _parts(url: str) -> SplitResult:
    """Split an address that can be read in one way only; raise OutboundError for others."""
    try:
        parts = urlsplit(url)
        clear = not _UNSAFE.search(url) and len(url) <= LONGEST_ADDRESS
        clear = clear and not re.search("[@%]", parts.netloc) and bool(parts.hostname)
        clear = clear and parts.port != 0 and not _HIDDEN_PATH.search(parts.path)
    except ValueError:
        clear = False
    if clear and parts.scheme in _PORTS:
        return parts
    text = _("This is not an address of the form http://host:port/path without a password in it.")
    raise OutboundError("bad_url", text, permanent=True, unsent=True)


def _lies_under(wanted: SplitResult, base: str) -> bool:
    try:
        parts = _parts(base)
    except OutboundError:
        return False
    if _server(wanted) != _server(parts):
        return False
    if parts.query:
        return wanted.path == parts.path and wanted.query.startswith(parts.query)
    folder = parts.path.rstrip("/")
    return wanted.path == folder or wanted.path.startswith(folder + "/")


def _server(parts: SplitResult) -> tuple[str, str, int]:
    host = (parts.hostname or "").rstrip(".")
    return parts.scheme, host, parts.port or _PORTS[parts.scheme]


def _prepare(handle: pycurl.Curl, url: str, deadline: float, connect: float, tls: Tls) -> None:
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.USERAGENT, "Remosa")
    handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    handle.setopt(pycurl.FOLLOWLOCATION, 0)
    handle.setopt(pycurl.NOPROXY, "*")
    # HTTP/2 repeats a refused stream, and a reused dead connection is tried again: both unasked.
    handle.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    handle.setopt(pycurl.FRESH_CONNECT, 1)
    handle.setopt(pycurl.FORBID_REUSE, 1)
    handle.setopt(pycurl.NOSIGNAL, 1)
    handle.setopt(_QUICK_EXIT, 1)
    handle.setopt(pycurl.TIMEOUT_MS, max(1, int(deadline * 1000)))  # 0 would mean: for ever
    handle.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, int(connect * 1000)))
    handle.setopt(pycurl.SSL_VERIFYPEER, int(tls.verify))
    handle.setopt(pycurl.SSL_VERIFYHOST, 2 if tls.verify else 0)
    if tls.authorities:
        handle.setopt(pycurl.CAINFO_BLOB, tls.authorities.encode())
        return
    system = ssl.get_default_verify_paths()  # the wheel's libcurl looks where its builder did
    handle.setopt(pycurl.CAINFO, system.cafile or certifi.where())
    if system.capath:
        handle.setopt(pycurl.CAPATH, system.capath)


def _unsent(handle: pycurl.Curl, parts: SplitResult) -> bool:
    """Tell whether the request cannot have gone out: there was never a connection to write it to.

    libcurl's error number would not do: a timeout has one for before and after. Over TLS the
    handshake has to be complete before the first byte of a request.
    """
    ready = pycurl.APPCONNECT_TIME if parts.scheme == "https" else pycurl.CONNECT_TIME
    never_ready: bool = handle.getinfo(ready) == 0
    return never_ready and handle.getinfo(pycurl.REQUEST_SIZE) == 0
