"""The one door from the web application to foreign addresses.

pycurl and not requests: requests has no total deadline, only one per read, so a far side that
drips a byte a second holds it for ever. Here one deadline covers name, connection, TLS and body.
No redirects, no proxies from the environment, no credentials in addresses, a cap on bytes. One
call is one connection and at most one request on it: nothing is ever repeated behind the caller.
"""

import re
import ssl
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal
from urllib.parse import SplitResult, urlsplit

import certifi
import pycurl  # type: ignore[import-untyped]
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

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


class OutboundError(Exception):
    """A request that brought no answer; `permanent`: trying again changes nothing.

    `unsent`: provably not a byte of the request went out. Otherwise it may have been read.
    """

    def __init__(
        self, code: str, message: StrOrPromise, *, permanent: bool, unsent: bool = False
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.permanent = permanent
        self.unsent = unsent

    def __str__(self) -> str:
        return str(self.message)


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
) -> Answer:
    """Ask one address once; `deadline` in seconds for all of it, `limit` in bytes of the body.

    `connect`: seconds for name, connection and TLS, where that is less than all of it. Any status
    but a redirect is an answer. Raises OutboundError for everything else.
    """
    parts = _parts(url)
    if not allowed(url, bases):
        text = _("The address {place} is not among the allowed ones.")
        raise OutboundError("not_allowed", _placed(text, parts), permanent=True, unsent=True)
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if any(_CONTROL.search(line) or not line.isascii() for line in lines):
        text = _("The name, password or token has characters that cannot be sent.")
        raise OutboundError("bad_header", text, permanent=True, unsent=True)
    received = _Received(limit)
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
        started = time.monotonic()
        handle.perform()
        seconds = time.monotonic() - started
        status: int = handle.getinfo(pycurl.RESPONSE_CODE)
    except pycurl.error as error:
        unsent = _unsent(handle, parts)
        waited = connect or deadline if unsent else deadline
        raise _failure(error.args[0], received, parts, waited, unsent) from None
    finally:
        handle.close()
    if not received.whole_head:
        raise OutboundError("broken", _placed(_BROKEN, parts), permanent=False)
    if status in _REDIRECTS:
        raise _redirected(parts, received.headers.get("location", ""))
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


def _failure(
    code: int, received: _Received, parts: SplitResult, seconds: float, unsent: bool
) -> OutboundError:
    """Say in plain words what libcurl's error number means."""
    if received.too_large or code == pycurl.E_FILESIZE_EXCEEDED:
        text: StrOrPromise = format_lazy(
            _("The answer is larger than {limit} bytes and was not read."), limit=received.limit
        )
        return OutboundError("too_large", text, permanent=True)
    if code == pycurl.E_OPERATION_TIMEDOUT:
        text = _placed(
            _("{place} did not answer within {seconds} s."), parts, seconds=f"{seconds:g}"
        )
        return OutboundError("timeout", text, permanent=False, unsent=unsent)
    name, message = _FAILURES.get(code, ("broken", _BROKEN))
    permanent = name in ("tls", "bad_url")
    return OutboundError(name, _placed(message, parts), permanent=permanent, unsent=unsent)


_BROKEN = _("{place} broke the connection off or does not speak HTTP.")
_TLS = _("No secure connection to {place}: it does not speak TLS, or not a version we do.")
_FAILURES: Mapping[int, tuple[str, StrOrPromise]] = {
    pycurl.E_COULDNT_RESOLVE_HOST: ("dns", _("The name in {place} is not known.")),
    pycurl.E_COULDNT_CONNECT: ("refused", _("Nobody answers at {place}: is the server running?")),
    pycurl.E_URL_MALFORMAT: ("bad_url", _("The address {place} cannot be used.")),
    pycurl.E_PEER_FAILED_VERIFICATION: (
        "tls",
        _("The certificate of {place} is not trusted: expired, another name or authority."),
    ),
    pycurl.E_SSL_CACERT_BADFILE: (
        "tls",
        _("The CA certificate given for {place} cannot be read: PEM text is needed."),
    ),
    pycurl.E_SSL_CONNECT_ERROR: ("tls", _TLS),
    pycurl.E_SSL_CIPHER: ("tls", _TLS),
}


def _redirected(parts: SplitResult, location: str) -> OutboundError:
    """Name the target without its query, which may hold a secret."""
    target = re.sub(r"[^\x21-\x7e]|//[^/@]*@", "", location.partition("?")[0])[:200] or "?"
    text = _("{place} sends on to {target}. Enter the address that it really has.")
    return OutboundError("redirect", _placed(text, parts, target=target), permanent=True)


def _placed(text: StrOrPromise, parts: SplitResult, **further: str) -> StrOrPromise:
    """Put in what of an address may be shown: neither path nor query."""
    return format_lazy(text, place=f"{parts.scheme}://{parts.netloc}", **further)
