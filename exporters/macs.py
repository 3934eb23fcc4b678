"""MAC addresses as people paste them: text in; good, rejected, repeated and changed lines out.

Pure: no database, no clock, no settings. The exporter process imports it too.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from .labelled import Labelled

NAME_LIMIT = 255
SHOWN_LIMIT = 80  # characters of a rejected text that a report repeats


class Reason(Labelled):
    """Why a text was refused or a name changed: `value` for programs, `str()` for people."""

    EMPTY = "empty", _("There is no MAC address here.")
    NOT_A_MAC = "not_a_mac", _("Not a MAC address: twelve digits 0-9 and A-F are needed.")
    LOOK_ALIKE = "look_alike", _("Not a MAC address: it has letters or digits of another alphabet.")
    ZERO = "zero", _("The address of all zeros belongs to no device.")
    BROADCAST = "broadcast", _("The broadcast address belongs to no device.")
    MULTICAST = "multicast", _("A multicast address, with an odd first pair, belongs to no device.")
    NAME_CLEANED = "name_cleaned", _("Invisible characters were taken out of the name.")
    NAME_CUT = "name_cut", _("The name is longer than 255 characters and was cut.")


class MacError(ValueError):
    """A text that is no MAC address of a device; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.reason)


class Good(NamedTuple):
    line: int
    mac: str
    name: str


class Rejected(NamedTuple):
    line: int
    text: str  # cut to SHOWN_LIMIT and printable
    reason: Reason


class Repeated(NamedTuple):
    line: int
    mac: str
    first_line: int


class Changed(NamedTuple):
    line: int
    mac: str
    reason: Reason


class Parsed(NamedTuple):
    """A whole paste; of a repeated address `good` keeps the first."""

    good: list[Good]
    rejected: list[Rejected]
    repeated: list[Repeated]
    changed: list[Changed]


_MARKED = r"[0-9A-Fa-f]{2}([:-])[0-9A-Fa-f]{2}(?:\%d[0-9A-Fa-f]{2}){4}"
_DOTTED = r"[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"
_BARE = r"[0-9A-Fa-f]{12}"
_SPACED = r"[0-9A-Fa-f]{2}(?: [0-9A-Fa-f]{2}){5}"
_NEARLY = r"\w{1,3}(?:[:-]\w{1,3}){4,7}|\w{4}\.\w{4}\.\w{4}"  # meant to be one, but is not
_EDGE = r"""\s,;|"'()\[\]"""
_WHOLE = re.compile(f"(?:{_MARKED % 1}|{_DOTTED}|{_BARE}|{_SPACED})")
_MEANT = re.compile(rf"(?:{_NEARLY}|\w{{12}})")
_TOKEN = re.compile(
    rf"(?<![^{_EDGE}])(?:{_MARKED % 1}|{_DOTTED}|(?P<bare>{_BARE}|{_SPACED})|(?P<nearly>{_NEARLY}))"
    rf"(?=[:.]?(?:[{_EDGE}]|\Z))"
)
_LINE_END = re.compile(r"\r\n|\r|\n")
_NOT_HEX = {ord(mark): None for mark in ":-. "}
_SEPARATORS = ",;|= \t\v\f\xa0\ufeff"
_LEADING_DASH = re.compile(r"[-\u2013\u2014]\s+")
_JOINERS = "\u200c\u200d"  # formats that Persian and some emoji cannot do without
_LOOK_BACK = 16  # characters; keeps a line of 100,000 addresses linear


def normalise(text: str) -> str:
    """Return the address as `06:42:40:92:60:B4`; raise MacError for anything else."""
    text = text.strip()
    if not _WHOLE.fullmatch(text):
        raise MacError(_why_not(text))
    digits = text.translate(_NOT_HEX).upper()
    if digits == "000000000000":
        raise MacError(Reason.ZERO)
    if digits == "FFFFFFFFFFFF":
        raise MacError(Reason.BROADCAST)
    if int(digits[1], 16) & 1:  # the bit that goes over the wire first: one receiver or many
        raise MacError(Reason.MULTICAST)
    return ":".join([digits[at : at + 2] for at in range(0, 12, 2)])


def clean_name(text: str) -> tuple[str, Reason | None]:
    """Return the name fit for a database and a page, and why it changed (None: it did not).

    White space of any kind becomes one space, letters are composed (NFC); control
    characters, lone surrogates and invisible formats go; cut at NAME_LIMIT characters.
    """
    reason = None
    name = " ".join(text.split())
    if not name.isprintable():
        kept = "".join(mark for mark in name if not _is_invisible(mark))
        if kept != name:
            reason, name = Reason.NAME_CLEANED, " ".join(kept.split())
    name = unicodedata.normalize("NFC", name)
    if len(name) > NAME_LIMIT:
        return name[:NAME_LIMIT].rstrip(), Reason.NAME_CUT
    return name, reason


def parse(text: str) -> Parsed:
    """Read addresses and optional names from a paste; a bad line never costs a good one.

    One address a line, or many with any of comma, semicolon, bar, tab, space between them.
    What follows an address up to the next one is its name.
    """
    parsed = Parsed([], [], [], [])
    first_lines: dict[str, int] = {}
    for number, line in enumerate(_LINE_END.split(text.removeprefix("\ufeff")), start=1):
        for written, after in _pieces(line):
            try:
                mac = normalise(written)
            except MacError as error:
                parsed.rejected.append(Rejected(number, _shown(written + after), error.reason))
                continue
            if mac in first_lines:
                parsed.repeated.append(Repeated(number, mac, first_lines[mac]))
                continue
            first_lines[mac] = number
            name, reason = clean_name(_name(after)) if after else ("", None)
            if reason is not None:
                parsed.changed.append(Changed(number, mac, reason))
            parsed.good.append(Good(number, mac, name))
    return parsed


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """Yield (what is or should be an address, the text after it) of one line."""
    begun: re.Match[str] | None = None
    for match in _TOKEN.finditer(line):
        in_doubt = match["bare"] and begun is not None and not begun["nearly"]
        if in_doubt and begun and _is_in_a_name(line, begun.end(), match.start()):
            continue
        if begun is not None:
            yield begun[0], line[begun.end() : match.start()]
        elif match.start() and any(mark.isalnum() for mark in line[: match.start()]):
            yield line[: match.start()], ""
        begun = match
    if begun is not None:
        yield begun[0], line[begun.end() :]
    elif line.strip(_SEPARATORS):
        yield line, ""


def _is_in_a_name(line: str, floor: int, start: int) -> bool:
    """Tell twelve digits inside a name, such as a serial number, from the next address."""
    before = line[max(floor, start - _LOOK_BACK) : start]
    last_word = before.rstrip()
    separated = not last_word or last_word[-1] in ",;|\"'(["
    return not separated and "\t" not in before[len(last_word) :]


def _name(after: str) -> str:
    """Return the name in the text after an address: without separators, quotes of a CSV."""
    name = after.removeprefix('"').lstrip(":.)]'").strip(_SEPARATORS)
    name = _LEADING_DASH.sub("", name, count=1) if name[:1] in "-\u2013\u2014" else name
    inner = name[1:-1]
    if len(name) > 1 and name[0] == name[-1] == '"' and '"' not in inner.replace('""', ""):
        name = inner.replace('""', '"')
    return "" if name.isascii() and not any(mark.isalnum() for mark in name) else name


def _why_not(text: str) -> Reason:
    if not text.strip(_SEPARATORS):
        return Reason.EMPTY
    return Reason.LOOK_ALIKE if not text.isascii() and _MEANT.match(text) else Reason.NOT_A_MAC


def _shown(text: str) -> str:
    """Return the beginning of a rejected text, printable."""
    text = text.strip(_SEPARATORS)
    shown = "".join(mark if mark.isprintable() else "\ufffd" for mark in text[:SHOWN_LIMIT])
    return shown + "…" if len(text) > SHOWN_LIMIT else shown


def _is_invisible(mark: str) -> bool:
    return unicodedata.category(mark) in ("Cc", "Cf", "Cs") and mark not in _JOINERS
