"""What every exporter kind looks like: how to ask a vendor, and how to read what it says.

Pure: no clock, no ORM, no network. A kind is one file that fills in a `Kind`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    ONLINE = "online"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a device's status is unknown, as the label `reason` tells it.

    The first three are answers about the device and end what was known before. The others
    tell of an answer that did not come: the last status holds until it is too old.
    """

    NOT_FOUND = "not_found"
    ODD_STATUS = "odd_status"
    DUPLICATE = "duplicate"

    MALFORMED = "malformed"
    TIMEOUT = "timeout"
    CONNECT = "connect"
    DNS = "dns"
    TLS = "tls"
    DISCONNECTED = "disconnected"
    TOO_LARGE = "too_large"
    REDIRECT = "redirect"
    HTTP_2XX = "http_2xx"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    ERROR = "error"

    STALE = "stale"


class Request(NamedTuple):
    """One HTTP request. Its headers may hold secrets: never log them."""

    url: str
    method: str = "GET"
    headers: tuple[str, ...] = ()
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Request({self.method} {self.url.partition('?')[0]})"


class Question(NamedTuple):
    """A request and the devices whose silence its failure explains."""

    about: tuple[str, ...]
    request: Request


class Reading(NamedTuple):
    """What one answer says about one device.

    `reason` is empty unless the status is unknown. `info` holds the kind's info labels as the
    vendor wrote them; None: the answer told nothing that could be believed.
    """

    status: Status
    reason: str = ""
    info: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of vendor. `ask` makes a poll's questions, `read` never raises."""

    name: str
    title: str
    identity: str  # the label that identifies a device
    info_labels: tuple[str, ...]  # without the identity and the exporter's labels
    port: int
    address_variable: str
    default_address: str
    normal_identity: Callable[[str], str]  # raises ValueError for what identifies no device
    ask: Callable[[str, Iterable[str]], Iterator[Question]]
    read: Callable[[tuple[str, ...], bytes], Mapping[str, Reading]]


def unknown(reason: Reason, info: Mapping[str, str] | None = None) -> Reading:
    """Return a reading without a status."""
    return Reading(Status.UNKNOWN, reason.value, info)
