"""What every exporter kind looks like: how to ask a vendor, and how to read what it says.

Pure: no clock, no ORM, no network. A kind is one file that fills in a `Kind`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

NOTHING: Mapping[str, Any] = MappingProxyType({})


def marked(text: str) -> str:
    """Mark a text for the translators, who find it by the name `_`; forms translate it."""
    return text


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
    RATE_LIMITED = "rate_limited"
    SETTINGS = "settings"  # nothing can be asked with them
    INTERNAL = "internal"  # a fault of ours
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


class Reading(NamedTuple):
    """What one answer says about one device.

    `reason` is empty unless the status is unknown. `info` holds the kind's info labels as the
    vendor wrote them; None: the answer told nothing that could be believed. `values` holds what
    else it told, by the name of a `Value`; what it did not tell is left out. `said` is what an
    odd status was, for a person who maps it; nothing is served of it.
    """

    status: Status
    reason: str = ""
    info: Mapping[str, str] | None = None
    values: Mapping[str, float] = NOTHING
    said: str = ""


class Page(NamedTuple):
    """One page of a vendor's list, as it was listed: an identity may stand there twice."""

    readings: Sequence[tuple[str, Reading]]
    is_full: bool  # as long as its limit, so there may be more
    rejected: int = 0  # entries without an identity that could be used


class Each(NamedTuple):
    """How to ask a vendor for every device by itself. `read` never raises."""

    ask: Callable[[str], Request]
    read: Callable[[str, bytes], Reading]


class Listing(NamedTuple):
    """How to ask a vendor for the list of its devices, from an offset on.

    `read` raises `strict_json.MalformedError` for a page that it does not wholly understand.
    """

    ask: Callable[[int, int], Request]  # the offset, and how many pages came before
    read: Callable[[bytes], Page]
    page_size: int  # devices that one answer may hold; bounds its bytes


class SettingType(StrEnum):
    """What a setting's value is, in JSON and in a form."""

    TEXT = "text"
    URL = "url"
    WHOLE = "whole"  # a number within `limits`
    CHOICE = "choice"  # the first half of one of `choices`
    WORDS = "words"  # texts, in a form one a line
    PATH = "path"  # a JSONPath, see json_paths
    SECRET = "secret"  # noqa: S105 (a text that nobody gets to see again)


class Setting(NamedTuple):
    """What a kind is told for one exporter, beside the interval, timeout and concurrency."""

    name: str  # its key in `configuration`
    title: str  # English; the form translates it
    type: SettingType
    help: str = ""
    required: bool = False
    default: object = None  # what holds where nothing is set
    limits: tuple[int, int] | None = None
    choices: tuple[tuple[str, str], ...] = ()
    guarded: bool = False  # superadmins alone change it: it says where requests go


class SettingsError(ValueError):
    """Settings with which a vendor cannot be asked.

    The text says what is wrong, is marked for translation, and begins with the name of the
    setting if one alone is to blame.
    """


class Account(NamedTuple):
    """With what a source's vendor is asked. Holds secrets: never log it."""

    address: str  # the deployment's; empty where the kind has none
    settings: Mapping[str, object] = NOTHING

    def __repr__(self) -> str:
        return f"Account({self.address.partition('?')[0]})"


class Value(NamedTuple):
    """A series of a kind beside status, info and unknown; served while the status is fresh."""

    name: str  # the metric is remosa_exporter_<kind>_<name>
    help: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of vendor."""

    name: str
    title: str
    identity: str  # the label that identifies a device
    info_labels: tuple[str, ...]  # without the identity and the exporter's labels
    port: int
    address_variable: str  # of the environment; empty: the address is a setting
    default_address: str
    normal_identity: Callable[[str], str]  # raises ValueError for what identifies no device
    open: Callable[[Account], Each | Listing]  # raises SettingsError
    discovers: Callable[[Mapping[str, object]], bool]  # by settings: is the list the vendor's?
    settings: tuple[Setting, ...] = ()
    values: tuple[Value, ...] = ()


def unknown(reason: Reason, info: Mapping[str, str] | None = None) -> Reading:
    """Return a reading without a status."""
    return Reading(Status.UNKNOWN, reason.value, info)
