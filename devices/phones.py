"""Phone numbers in one form, +E.164; what stands in a message's sender field; masks for viewers.

Pure, and the only place that knows how numbers are written: no database, no clock, no network.
"""

import re
from enum import Enum, StrEnum
from typing import NamedTuple

import phonenumbers
from django.utils.translation import gettext_lazy as _

from exporters.labelled import Labelled

LONGEST = 16  # the plus and fifteen digits
SHOWN_DIGITS = 2  # of a masked number: enough to tell two sockets apart
SENDER_LIMIT = 64  # characters of a sender that are kept
_LONGEST_WRITTEN = 40  # characters, with spaces, brackets and hyphens
_WRITTEN = re.compile(r"\+?[0-9() ./-]+")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SHORT_CODE = re.compile(r"[0-9]{3,6}")
# Dates look alike; hiding one costs less than showing a number.
_IN_TEXT = re.compile(r"\+?[0-9](?:[ ().-]{0,2}[0-9]){6,14}")


class Reason(Labelled):
    """Why a text is no phone number: `value` for programs, `str()` for people."""

    EMPTY = "empty", _("Enter a phone number.")
    STRANGE = "strange", _("A phone number has only digits 0-9, a plus, spaces, brackets, hyphens.")
    NO_COUNTRY = "no_country", _("Begin the number with a plus and the code of its country.")
    WRONG_LENGTH = "wrong_length", _("This is no phone number: it has too few or too many digits.")


class PhoneFormat(StrEnum):
    """How a gateway wants numbers written."""

    E164 = "e164"  # +79123456789
    DIGITS = "digits"  # 79123456789
    ZEROS = "zeros"  # 0079123456789


class PhoneError(ValueError):
    """A text that is no phone number; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.reason)


class SenderKind(Enum):
    NUMBER = "number"
    SHORT_CODE = "short_code"  # of an operator or a bank
    NAME = "name"  # letters, as advertisers have
    NONE = "none"


class Sender(NamedTuple):
    """Who a message says it is from. Not proof of anything: a sender can be forged."""

    kind: SenderKind
    text: str  # +E.164 of a number, else as it came: printable and cut to SENDER_LIMIT


def normalise(text: str, region: str | None = None) -> str:
    """Return the number as +E.164; raise PhoneError for anything else.

    `region` (`RU`) says where numbers without a country's code belong. Whether somebody has the
    number is not asked: lists of issued numbers are always older than the newest SIM card.
    """
    text = text.strip(" ")
    if not text:
        raise PhoneError(Reason.EMPTY)
    # phonenumbers reads digits of every alphabet, letters, extensions and `tel:` addresses.
    if len(text) > _LONGEST_WRITTEN or not _WRITTEN.fullmatch(text):
        raise PhoneError(Reason.STRANGE)
    if text.startswith("00"):  # many gateways write the plus so, whatever their country dials
        text = "+" + text[2:]
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        lacking = phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        reason = Reason.NO_COUNTRY if error.error_type == lacking else Reason.WRONG_LENGTH
        raise PhoneError(reason) from None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_possible_number(number) or not _E164.fullmatch(written):
        raise PhoneError(Reason.WRONG_LENGTH)
    return written


def written(phone: str, form: PhoneFormat) -> str:
    """Write an +E.164 number as a gateway wants it; raise PhoneError for anything else."""
    if not _E164.fullmatch(phone):
        raise PhoneError(Reason.STRANGE)
    prefix = {PhoneFormat.E164: "+", PhoneFormat.DIGITS: "", PhoneFormat.ZEROS: "00"}
    return prefix[form] + phone[1:]


def sender(text: str, region: str | None = None) -> Sender:
    """Tell what a gateway's sender field holds; never raises.

    Gateways pad numbers, leave the plus out, write them as the country does, or pass on the names
    of advertisers and the short codes of operators.
    """
    visible = "".join(mark for mark in text[:1000] if mark.isprintable() or mark.isspace())
    kept = " ".join(visible.split())[:SENDER_LIMIT].strip()
    if not kept:
        return Sender(SenderKind.NONE, "")
    if _SHORT_CODE.fullmatch(kept):
        return Sender(SenderKind.SHORT_CODE, kept)
    candidates = [(kept, region)]
    if kept[0] in "123456789":
        candidates.append((f"+{kept}", None))  # the country's code is there, only the plus is not
    for written, of in candidates:
        try:
            return Sender(SenderKind.NUMBER, normalise(written, of))
        except PhoneError:
            continue
    return Sender(SenderKind.NAME, kept)


def masked(phone: str) -> str:
    """Return a number as viewers may see it: all but the last two digits hidden."""
    hidden = max(len(phone) - SHOWN_DIGITS, 0)
    return "•" * hidden + phone[hidden:] if hidden else "•" * len(phone)


def masked_within(text: str) -> str:
    """Return a message as viewers may read it: whatever could be a phone number is masked."""
    return _IN_TEXT.sub(lambda found: masked(found[0]), text)
