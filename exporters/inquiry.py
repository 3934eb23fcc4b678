"""Asks a vendor once, because a person wants to see what it says; changes nothing.

The same kind reads the answer as in the exporter process, so that what is shown is what would be
served. A raw answer is for superadmins alone, and never holds a secret of the exporter's.
"""

import re
import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import gettext, gettext_lazy as _
from django_stubs_ext import StrOrPromise

from platforms.keyring import KeyRingError
from platforms.outbound import OutboundError, fetch

from .kinds import KINDS, echoes, strict_json
from .kinds.shape import (
    Account,
    Each,
    Listing,
    Page,
    Reading,
    Reason,
    Request,
    SettingsError,
    Status,
    unknown,
)
from .models import Exporter
from .sample_lines import lines
from .verdicts import Observation, Process, Source, Verdict, judge

DEADLINE = 15.0  # seconds for all answers, while a person waits
LARGEST_ANSWER = 1024 * 1024  # bytes
LARGEST_LIST = 8 * 1024 * 1024
MOST_PAGES = 20  # that are looked through for one player
SHOWN = 20_000  # characters of a raw answer
MOST_SHOWN = 50  # devices
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_translated = lazy(gettext, str)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose vendor is asked: the exporter's numbers, its kind and all its settings."""

    kind: str
    exporter_id: int
    platform_id: int
    settings: Mapping[str, object]
    secrets: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, exporter: Exporter) -> "Asked":
        """Return what a row holds, saved or not. Raises KeyRingError for sealed secrets."""
        return cls(
            exporter.kind,
            exporter.pk or 0,
            exporter.platform_id or 0,
            exporter.settings,
            exporter.opened_secrets(),
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """One device of an answer: what was read, and the samples that would be served."""

    identity: str
    reading: Reading
    samples: str

    @property
    def verdict(self) -> Verdict:
        """Return what a page would say of it."""
        known = {"online": frozenset({1.0}), "offline": frozenset({0.0})}
        statuses = known.get(self.reading.status, frozenset())
        reasons = (self.reading.reason,) if self.reading.reason else ()
        return judge(Observation(statuses, reasons), Source(Process.UP, up=True), was_seen=True)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What came of a question. ``problem`` is empty when the answer could be read."""

    problem: StrOrPromise = ""
    status: int | None = None  # the HTTP status
    seconds: float | None = None
    heard: tuple[Heard, ...] = ()
    devices: int = 0  # in the answer, shown or not
    states: Mapping[str, int] = field(default_factory=dict)  # how many of them are in each
    rejected: int = 0  # entries without an id
    may_be_more: bool = False
    raw: str = ""
    is_cut: bool = False  # the raw answer is longer


def ask(exporter: Exporter, identity: str = "", name: str = "") -> Inquiry:
    """Ask with what stands in a row about one device, or without one for the vendor's list."""
    try:
        asked = Asked.of(exporter)
    except KeyRingError as error:
        return Inquiry(problem=str(error))
    return ask_about(asked, identity, name) if identity else ask_for_a_list(asked)


def ask_about(asked: Asked, identity: str, name: str = "") -> Inquiry:
    """Ask the vendor about one device; a list is looked through for it, MOST_PAGES of it."""
    way = _way(asked)
    if not isinstance(way, Each | Listing):
        return Inquiry(problem=way)
    if isinstance(way, Each):
        return _one(asked, way, identity, name)
    return _search(asked, way, identity)


def ask_for_a_list(asked: Asked) -> Inquiry:
    """Ask for the first page of a vendor's list."""
    way = _way(asked)
    if not isinstance(way, Listing):
        return Inquiry(problem=_("Enter a MAC to ask about.") if isinstance(way, Each) else way)
    found, page = _page(asked, way, 0, 0, DEADLINE)
    if page is None:
        return found
    read = _read(page)
    states = Counter(reading.status.value for _identity, reading in read)
    heard = tuple(_heard(asked, *each) for each in read[:MOST_SHOWN])
    return replace(_with(found, heard), states=states)


def _way(asked: Asked) -> Each | Listing | StrOrPromise:
    """Return how to ask, or why it is not possible."""
    kind = KINDS[asked.kind]
    address = settings.VENDOR_ADDRESSES.get(kind.name, "")
    try:
        return kind.open(Account(address, {**asked.settings, **asked.secrets}))
    except SettingsError as error:
        return cast("StrOrPromise", _translated(str(error)))


def _one(asked: Asked, way: Each, identity: str, name: str) -> Inquiry:
    found, body = _fetch(asked, way.ask(identity), DEADLINE, LARGEST_ANSWER)
    if body is None:
        return found
    reading = way.read(identity, body)
    return _with(found, (_heard(asked, identity, reading, name),))


def _search(asked: Asked, way: Listing, identity: str) -> Inquiry:
    """Walk from page to page until one tells of the device; a vendor may ignore the offset."""
    ends, offset, last = time.monotonic() + DEADLINE, 0, frozenset[str]()
    text = _("The part of the vendor's list that was read tells nothing of this player.")
    found = Inquiry()
    for number in range(MOST_PAGES):
        found, page = _page(asked, way, offset, number, max(ends - time.monotonic(), 0.1))
        if page is None:
            return found
        heard = [each for each in _read(page) if each[0] == identity]
        if heard:
            return _with(found, tuple(_heard(asked, *each) for each in heard[:MOST_SHOWN]))
        if not page.is_full:
            text = _("The vendor's list tells nothing of this player.")
        listed = frozenset(each for each, _reading in page.readings)
        if not page.is_full or listed == last or time.monotonic() >= ends:
            break
        last, offset = listed, offset + len(page.readings) + page.rejected
    return _with(found, (), text)


def _page(
    asked: Asked, way: Listing, offset: int, number: int, seconds: float
) -> tuple[Inquiry, Page | None]:
    """Ask for the page at an offset, before which there are so many."""
    found, body = _fetch(asked, way.ask(offset, number), seconds, LARGEST_LIST)
    if body is None:
        return found, None
    try:
        page = way.read(body)
    except strict_json.MalformedError as error:
        text = _("The answer cannot be read: %(why)s.") % {"why": error}
        return _with(found, (), text), None
    found = replace(
        found, devices=len(page.readings), rejected=page.rejected, may_be_more=page.is_full
    )
    return found, page


def _read(page: Page) -> list[tuple[str, Reading]]:
    """Return the devices of a page, unknown ones first; one that stands twice is unknown."""
    times = Counter(identity for identity, _reading in page.readings)
    found = [
        (each, reading if times[each] == 1 else unknown(Reason.DUPLICATE, reading.info))
        for each, reading in page.readings
    ]
    return sorted(found, key=lambda each: each[1].status is not Status.UNKNOWN)


def _fetch(
    asked: Asked, request: Request, seconds: float, limit: int
) -> tuple[Inquiry, bytes | None]:
    """Send the request; return what is known of the answer, and its body if it can be read."""
    headers = dict(line.split(": ", 1) for line in request.headers)
    try:
        answer = fetch(
            request.url,
            bases=[request.url],
            deadline=seconds,
            limit=limit,
            method=cast("Literal['GET', 'POST']", request.method),
            headers=headers,
            body=request.body or None,
        )
    except OutboundError as error:
        return Inquiry(problem=error.message), None
    text = answer.body.decode("utf-8", "replace")
    shown = _CONTROL.sub("\ufffd", masked(text, asked.secrets.values()))
    found = Inquiry(
        status=answer.status,
        seconds=answer.seconds,
        raw=shown[:SHOWN],
        is_cut=len(shown) > SHOWN,
    )
    if answer.status == 200:
        return found, answer.body
    text = _("The vendor answered with HTTP %(status)s.") % {"status": answer.status}
    return _with(found, (), text), None


def masked(text: str, secrets: Collection[str]) -> str:
    """Return the text without the secrets, however a server that echoes them may write them."""
    return echoes.without(text, echoes.forms(secrets))


def _heard(asked: Asked, identity: str, reading: Reading, name: str = "") -> Heard:
    """Read one device for a person: a vendor that echoes a secret as a name does not tell it."""
    own = (asked.exporter_id, asked.platform_id, identity)
    samples = lines(KINDS[asked.kind], *own, reading, name)
    secrets = asked.secrets.values()
    info = reading.info and {key: masked(text, secrets) for key, text in reading.info.items()}
    shown = reading._replace(info=info, said=masked(reading.said, secrets))
    return Heard(masked(identity, secrets), shown, masked(samples, secrets))


def _with(found: Inquiry, heard: tuple[Heard, ...], problem: StrOrPromise = "") -> Inquiry:
    return replace(
        found,
        heard=heard,
        problem=problem or found.problem,
        devices=found.devices or len(heard),
    )
