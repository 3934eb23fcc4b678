"""One HTTP request on a libcurl handle: its limits, and what its end means.

No redirects, only http and https, nothing unpacked, a total deadline and a byte cap always.
"""

import os
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import certifi
import pycurl  # type: ignore[import-untyped]

from exporters.kinds.shape import Reason, Request
from exporters.process import VERSION

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
HEADERS_LIMIT = 256 * 1024  # bytes; a bit beyond that libcurl stops reading them
CA_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")

TRY_LATER = (429, 503)  # the codes whose Retry-After counts

_E_TOO_LARGE = 100  # CURLE_TOO_LARGE, endless headers; pycurl has no name for it
_FAILURES = {
    pycurl.E_OPERATION_TIMEDOUT: Reason.TIMEOUT,
    pycurl.E_COULDNT_CONNECT: Reason.CONNECT,
    pycurl.E_COULDNT_RESOLVE_HOST: Reason.DNS,
    pycurl.E_COULDNT_RESOLVE_PROXY: Reason.DNS,
    pycurl.E_SSL_CONNECT_ERROR: Reason.TLS,
    pycurl.E_PEER_FAILED_VERIFICATION: Reason.TLS,
    pycurl.E_SSL_CIPHER: Reason.TLS,
    pycurl.E_SSL_CACERT_BADFILE: Reason.TLS,
    pycurl.E_SSL_ISSUER_ERROR: Reason.TLS,
    pycurl.E_GOT_NOTHING: Reason.DISCONNECTED,
    pycurl.E_RECV_ERROR: Reason.DISCONNECTED,
    pycurl.E_SEND_ERROR: Reason.DISCONNECTED,
    pycurl.E_PARTIAL_FILE: Reason.DISCONNECTED,
    pycurl.E_FILESIZE_EXCEEDED: Reason.TOO_LARGE,
    _E_TOO_LARGE: Reason.TOO_LARGE,
    pycurl.E_FTP_WEIRD_SERVER_REPLY: Reason.MALFORMED,  # headers that are none
    pycurl.E_UNSUPPORTED_PROTOCOL: Reason.MALFORMED,  # an answer without any headers
    pycurl.E_BAD_CONTENT_ENCODING: Reason.MALFORMED,
}


class Answer(NamedTuple):
    """How a request ended. `failure` is empty when an HTTP answer came whole, of any code."""

    code: int
    body: bytes
    failure: str
    seconds: float
    detail: str = ""
    headers: Mapping[str, str] = NO_HEADERS  # names in lower case; kept only when asked for
    retry_after: float = 0.0  # seconds that a 429 or 503 asks to be left alone


class Transfer:
    """A libcurl handle that is used for one request after the other."""

    __slots__ = ("_headers", "_limit", "_parts", "_shape", "_size", "curl")

    def __init__(self) -> None:
        self.curl = pycurl.Curl()
        self._parts: list[bytes] = []
        self._headers: dict[str, str] = {}
        self._size = self._limit = 0
        self._shape: tuple[object, ...] = ()

    def prepare(self, request: Request, timeout: float, limit: int, keep_headers: bool) -> None:
        """Set the handle up; the costly part only where the last request was a different one."""
        shape = (request.method, request.headers, request.body, timeout, limit, keep_headers)
        if shape != self._shape:
            self._shape = ()
            self.curl.reset()
            self._configure(request, timeout, limit, keep_headers)
            self._shape = shape
        self.curl.setopt(pycurl.URL, request.url)

    def answer(self, code: int, text: str) -> Answer:
        """Return how the request ended; `code` and `text` are libcurl's."""
        body = b"".join(self._parts)
        failure = ""
        if code:
            too_large = (
                self._size > self._limit or self.curl.getinfo(pycurl.HEADER_SIZE) > HEADERS_LIMIT
            )
            failure = (Reason.TOO_LARGE if too_large else _FAILURES.get(code, Reason.ERROR)).value
            body = b""
        headers = self._headers or NO_HEADERS
        self._parts, self._headers = [], {}
        self._size = 0
        seconds = self.curl.getinfo(pycurl.TOTAL_TIME)
        status = self.curl.getinfo(pycurl.RESPONSE_CODE)
        retry_after = self.curl.getinfo(pycurl.RETRY_AFTER) if status in TRY_LATER else 0
        return Answer(status, body, failure, seconds, text, headers, float(max(0, retry_after)))

    def _configure(self, request: Request, timeout: float, limit: int, keep_headers: bool) -> None:
        curl = self.curl
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)  # a redirect could carry the token elsewhere
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.HTTP_CONTENT_DECODING, 0)  # a gzip bomb stays as small as it came
        curl.setopt(pycurl.TIMEOUT_MS, max(1, int(timeout * 1000)))
        curl.setopt(pycurl.MAXFILESIZE_LARGE, limit)
        curl.setopt(pycurl.WRITEFUNCTION, self._receive)
        curl.setopt(pycurl.USERAGENT, f"remosa-exporter/{VERSION}")
        curl.setopt(pycurl.CAINFO, certificates())
        curl.setopt(pycurl.NOPROXY, no_proxy())
        if request.headers:
            curl.setopt(pycurl.HTTPHEADER, list(request.headers))
        if request.method == "POST":
            curl.setopt(pycurl.POST, 1)
            curl.setopt(pycurl.POSTFIELDSIZE, len(request.body))
            curl.setopt(pycurl.POSTFIELDS, request.body)
        self._limit = limit
        if keep_headers:
            curl.setopt(pycurl.HEADERFUNCTION, self._keep_header)  # libcurl bounds their size

    def _receive(self, data: bytes) -> int | None:
        self._size += len(data)
        if self._size > self._limit:
            return -1  # ends the transfer
        self._parts.append(data)
        return None

    def _keep_header(self, line: bytes) -> None:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            self._headers[name.strip().lower()] = value.strip()


def http_failure(code: int) -> str:
    """Return the reason in an HTTP code; empty for 200."""
    if code == 200:
        return ""
    if 300 <= code < 400:
        return Reason.REDIRECT.value
    if code == 429:
        return Reason.RATE_LIMITED.value
    reasons = {2: Reason.HTTP_2XX, 4: Reason.HTTP_4XX, 5: Reason.HTTP_5XX}
    return reasons.get(code // 100, Reason.ERROR).value


@cache
def certificates() -> str:
    """Return the file of trusted authorities: the environment's, the system's, certifi's."""
    named = (os.environ.get(name, "") for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE"))
    return next((path for path in (*named, *CA_FILES) if os.path.isfile(path)), certifi.where())


@cache
def no_proxy() -> str:
    """Return the hosts that no proxy of the environment is asked for: its own list, loopback."""
    listed = os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")
    return ",".join(filter(None, (listed, "localhost,127.0.0.0/8,::1")))
