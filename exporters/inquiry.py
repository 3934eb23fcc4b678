"""Asks a vendor once, because a person wants to see what it says; changes nothing.

The same kind reads the answer as in the exporter process, so that what is shown is what would be
served. A raw answer is for superadmins alone, and never holds a secret of the exporter's.
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast
from urllib.parse import quote, quote_plus

from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import gettext, gettext_lazy as _
from django_stubs_ext import StrOrPromise

from platforms.outbound import OutboundError, fetch

from .kinds import KINDS, strict_json
from .kinds.shape import (
    Account,
    Each,
    Listing,
    Reading,
    Reason,
    Request,
    SettingsError,
    unknown,
)
from .sample_lines import lines

DEADLINE = 15.0  # seconds for one answer, while a person waits
LARGEST_ANSWER = 1024 * 1024  # bytes
SHOWN = 20_000  # characters of a raw answer
MOST_SHOWN = 50  # devices
MASK = "••••••"
SHORTEST_SECRET = 4  # characters; a shorter one would be found everywhere
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_translated = lazy(gettext, str)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose vendor is asked: the exporter's numbers, its kind and all its settings."""

    kind: str
    exporter_id: int
    platform_id: int
    settings: Mapping[str, object]
    secrets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Heard:
    """One device of an answer: what was read, and the samples that would be served."""

    identity: str
    reading: Reading
    samples: str


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What came of a question. ``problem`` is empty when the answer could be read."""

    problem: StrOrPromise = ""
    status: int | None = None  # the HTTP status
    seconds: float | None = None
    heard: tuple[Heard, ...] = ()
    devices: int = 0  # in the answer, shown or not
    rejected: int = 0  # entries without an id
    may_be_more: bool = False
    raw: str = ""
    is_cut: bool = False  # the raw answer is longer


def ask_about(asked: Asked, identity: str, name: str = "") -> Inquiry:
    """Ask the vendor about one device; a list is looked through for it, its first page alone."""
    way = _way(asked)
    if not isinstance(way, Each | Listing):
        return Inquiry(problem=way)
    if isinstance(way, Each):
        return _one(asked, way, identity, name)
    found = _page(asked, way)
    heard = tuple(each for each in found.heard if each.identity == identity)
    if found.problem or heard:
        return _with(found, heard)
    text = _("The answer tells nothing of this player.")
    if found.may_be_more:
        text = _("The first page of the vendor's list tells nothing of this player.")
    return _with(found, (), text)


def ask_for_a_list(asked: Asked) -> Inquiry:
    """Ask for the first page of a vendor's list."""
    way = _way(asked)
    if isinstance(way, Listing):
        found = _page(asked, way)
        return _with(found, found.heard[:MOST_SHOWN])
    return Inquiry(problem=_("Enter a MAC to ask about.") if isinstance(way, Each) else way)


def _way(asked: Asked) -> Each | Listing | StrOrPromise:
    """Return how to ask, or why it is not possible."""
    kind = KINDS[asked.kind]
    address = settings.VENDOR_ADDRESSES.get(kind.name, "")
    try:
        return kind.open(Account(address, {**asked.settings, **asked.secrets}))
    except SettingsError as error:
        return cast("StrOrPromise", _translated(str(error)))


def _one(asked: Asked, way: Each, identity: str, name: str) -> Inquiry:
    found, body = _fetch(asked, way.ask(identity))
    if body is None:
        return found
    reading = way.read(identity, body)
    return _with(found, (_heard(asked, identity, reading, name),))


def _page(asked: Asked, way: Listing) -> Inquiry:
    found, body = _fetch(asked, way.ask(0))
    if body is None:
        return found
    try:
        page = way.read(body)
    except strict_json.MalformedError as error:
        text = _("The answer cannot be read: %(why)s.") % {"why": error}
        return _with(found, (), text)
    times = Counter(identity for identity, _reading in page.readings)
    heard = tuple(
        _heard(
            asked, each, reading if times[each] == 1 else unknown(Reason.DUPLICATE, reading.info)
        )
        for each, reading in page.readings
    )
    return replace(
        found,
        heard=heard,
        devices=len(heard),
        rejected=page.rejected,
        may_be_more=page.is_full,
    )


def _fetch(asked: Asked, request: Request) -> tuple[Inquiry, bytes | None]:
    """Send the request; return what is known of the answer, and its body if it can be read."""
    headers = dict(line.split(": ", 1) for line in request.headers)
    try:
        answer = fetch(
            request.url,
            bases=[request.url],
            deadline=DEADLINE,
            limit=LARGEST_ANSWER,
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
    forms = set()
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            encoded = base64.b64encode(secret.encode()).decode()
            forms |= {secret, quote(secret), quote_plus(secret), json.dumps(secret)[1:-1], encoded}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


def _heard(asked: Asked, identity: str, reading: Reading, name: str = "") -> Heard:
    own = (asked.exporter_id, asked.platform_id, identity)
    samples = lines(KINDS[asked.kind], *own, reading, name)
    return Heard(identity, reading, samples)


def _with(found: Inquiry, heard: tuple[Heard, ...], problem: StrOrPromise = "") -> Inquiry:
    return replace(
        found,
        heard=heard,
        problem=problem or found.problem,
        devices=found.devices or len(heard),
    )
