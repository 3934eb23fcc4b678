"""Typed parameters of commands: what a person typed in; the text for the wire or a reason out.

Pure: no database, no clock. Whatever passes is ASCII without `#`, so that no value can end its own
field and begin another command.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from exporters.labelled import Labelled

from . import phones
from .words import Words

WORD_LIMIT = 16
MANY = 9999  # the bound of an integer whose limits the manufacturer does not tell
_HIDDEN = "••••"
UNITS: Mapping[str, str | Promise] = {"s": _("seconds"), "min": _("minutes"), "C": "°C"}


class Kind(StrEnum):
    INTEGER = "integer"
    PHONE = "phone"
    HHMM = "hhmm"
    WORD = "word"
    PIN = "pin"


# What a checked value looks like; texts are recognised by it, hence no limits of one parameter.
PATTERNS = {
    Kind.INTEGER: r"(?:0|-?[1-9][0-9]{0,4})",
    Kind.PHONE: r"\+[1-9][0-9]{6,14}",
    Kind.HHMM: r"(?:[01][0-9]|2[0-3])[0-5][0-9]",
    Kind.WORD: rf"[A-Za-z0-9_-]{{1,{WORD_LIMIT}}}",
    Kind.PIN: r"[0-9]{4}",
}


class Reason(Labelled):
    """Why a value was refused: `value` for programs, `label` with what is filled into it."""

    EMPTY = "empty", _("Fill this in: left empty, it would make another command of this one.")
    UNEXPECTED = "unexpected", _("This command has no such parameter.")
    INVISIBLE = "invisible", _("Line breaks and invisible characters cannot be sent.")
    NOT_ASCII = "not_ascii", _("Use Latin letters and the digits 0-9: this has other characters.")
    SEPARATOR = "separator", _("The sign # begins the next part of a command: leave it out.")
    NOT_A_NUMBER = "not_a_number", _("Enter a whole number in digits.")
    TOO_SMALL = "too_small", _("Enter %(limit)s or more.")
    TOO_LARGE = "too_large", _("Enter %(limit)s or less.")
    NOT_A_CHOICE = "not_a_choice", _("Choose one of these: %(choices)s.")
    NOT_A_PHONE = "not_a_phone", "%(why)s"
    NOT_A_TIME = "not_a_time", _("Enter a time as HH:MM, from 00:00 to 23:59.")
    NOT_A_WORD = "not_a_word", _("Enter one word: at most %(limit)s letters, digits, - and _.")
    NOT_A_PIN = "not_a_pin", _("Enter the password of four digits.")
    NOT_HIGHER = "not_higher", _("This must be higher than “%(other)s”.")


class ValueRefused(ValueError):
    """One value that cannot be sent; `str()` is the message for its field."""

    def __init__(self, reason: Reason, **details: object) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.details = details

    def __str__(self) -> str:
        return str(self.reason.label) % self.details


@dataclass(frozen=True)
class Choice:
    value: int
    label: Words


@dataclass(frozen=True)
class Parameter:
    """One declared parameter, as a form shows it and as a value is checked against it."""

    name: str
    kind: Kind
    label: Words
    help: Words
    minimum: int | None = None
    maximum: int | None = None
    unit: str = ""
    choices: tuple[Choice, ...] = ()
    default: str = ""
    secret: bool = False

    @property
    def pattern(self) -> str:
        """Return a regular expression of checked values, without the limits of integers."""
        if self.choices:
            return "(?:" + "|".join(str(choice.value) for choice in self.choices) + ")"
        return PATTERNS[self.kind]


def check(parameter: Parameter, text: str, region: str | None = None) -> str:
    """Return the value as it goes on the wire; raise ValueRefused.

    `region` is where phone numbers without a country's code belong. A number is written without
    leading zeros, a time as four digits (08:30 is 0830 on the wire).
    """
    text = text.strip(" ")
    if not text:
        raise ValueRefused(Reason.EMPTY)
    if not text.isprintable():
        raise ValueRefused(Reason.INVISIBLE)
    if not text.isascii():
        raise ValueRefused(Reason.NOT_ASCII)
    if "#" in text:
        raise ValueRefused(Reason.SEPARATOR)
    if parameter.kind is Kind.PHONE:
        return _phone(text, region)
    return _READERS[parameter.kind](parameter, text)


def shown(parameter: Parameter, value: str) -> str:
    """Return a checked value as pages, logs and the audit may have it."""
    return _HIDDEN if parameter.secret else value


def _phone(text: str, region: str | None) -> str:
    try:
        return phones.normalise(text, region)
    except phones.PhoneError as error:
        raise ValueRefused(Reason.NOT_A_PHONE, why=error) from None


def _integer(parameter: Parameter, text: str) -> str:
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise ValueRefused(Reason.NOT_A_NUMBER)
    number = int(text)
    allowed = [choice.value for choice in parameter.choices]
    if allowed and number not in allowed:
        raise ValueRefused(Reason.NOT_A_CHOICE, choices=", ".join(map(str, allowed)))
    lowest = -MANY if parameter.minimum is None else parameter.minimum
    highest = MANY if parameter.maximum is None else parameter.maximum
    if number < lowest:
        raise ValueRefused(Reason.TOO_SMALL, limit=lowest)
    if number > highest:
        raise ValueRefused(Reason.TOO_LARGE, limit=highest)
    return str(number)


def _time(parameter: Parameter, text: str) -> str:
    hours, _colon, minutes = text.partition(":")
    value = hours.zfill(2) + minutes
    if not re.fullmatch(r"[0-9]{1,2}:[0-9]{2}", text) or not _is(Kind.HHMM, value):
        raise ValueRefused(Reason.NOT_A_TIME)
    return value


def _word(parameter: Parameter, text: str) -> str:
    if not _is(Kind.WORD, text):
        raise ValueRefused(Reason.NOT_A_WORD, limit=WORD_LIMIT)
    return text


def _pin(parameter: Parameter, text: str) -> str:
    if not _is(Kind.PIN, text):
        raise ValueRefused(Reason.NOT_A_PIN)
    return text


def _is(kind: Kind, value: str) -> bool:
    return re.fullmatch(PATTERNS[kind], value) is not None


_READERS: Mapping[Kind, Callable[[Parameter, str], str]] = {
    Kind.INTEGER: _integer,
    Kind.HHMM: _time,
    Kind.WORD: _word,
    Kind.PIN: _pin,
}
