"""What a message from a socket says, by a table of patterns for each family of models.

Pure, and never raises: anybody can send an SMS. No pattern has a repetition inside a repetition, so
that the time grows with the length alone, which is bounded.

What the texts are based on:
- documented for the SimPal family (a sibling's printed manual; the D210's tells only that such an
  answer comes): "The master user already exists.", "Welcome to use ... Your Password is:1234",
  "Schedule control: function ON/OFF" (no outlet is on by that), "Invalid format";
- documented as a fact without its words: loss and return of mains are reported, the GSM level is
  answered to #27#, the state to #07#;
- everything else, above all the Russian texts, is an ASSUMPTION made of what such a message can
  hardly leave out. A text that fits nothing, or two things that exclude each other, is UNKNOWN:
  it is shown to people and decides nothing.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from exporters.labelled import Labelled

LONGEST = 1000  # characters that are looked at: six parts of a long SMS


class Meaning(Labelled):
    """What a reply says: `value` for rows and programs, `str()` for people."""

    ON = "on", _("The outlet is on")
    OFF = "off", _("The outlet is off")
    STATUS = "status", _("State of several outlets")
    MAINS_LOST = "mains_lost", _("Mains power lost")
    MAINS_BACK = "mains_back", _("Mains power is back")
    GSM_LEVEL = "gsm_level", _("GSM signal")
    NUMBER_TAKEN = "number_taken", _("Another number is already the administrator")
    ADMIN_REGISTERED = "admin_registered", _("The number is now the administrator")
    NOT_ALLOWED = "not_allowed", _("The socket does not obey this number")
    NOT_UNDERSTOOD = "not_understood", _("The socket did not understand the command")
    UNKNOWN = "unknown", _("Not recognised")


class Reply(NamedTuple):
    """A reply as read. `lines`: outlet to on (True) or off (False); 0 is an outlet not named."""

    meaning: Meaning
    lines: Mapping[int, bool] = MappingProxyType({})
    level: int | None = None  # of the GSM signal, in the socket's own unit


# A text is read clause by clause, each as small words with one space between.
_CLAUSES = re.compile(r"[\n\r;,.!|\x00]+")
_WORDS = re.compile(r"[a-zа-я0-9]+")
_CONDITIONAL = re.compile(r"\b(?:if|when|whether|если|когда)\b")
_NEGATED = re.compile(r"\b(?:not|cannot|no longer|не)\b")
# Settings of the socket that are on or off themselves.
_SETTINGS = re.compile(
    r"\b(?:(?:schedule|timer?|delay\w{0,2}|function|thermostat|temperature|sensor|call"
    r"|расписани\w|таймер|функция|термостат|температур\w|датчик|при)\b"
    r"|(?:alert|alarm|notification|тревога|оповещени\w|уведомлени\w)(?: (?:is|status|sms))?"
    r" (?:on|off|вкл|выкл|включен\w|выключен\w|отключен\w)\b)"
)
_MAINS = (
    r"(?:external|ac|mains|main|input)(?: power)?(?: supply)?|220 ?v"
    r"|(?:внешнее|сетевое) питание|питание сети|электропитание|(?:сеть )?220 ?в"
)
_LOST = (
    r"(?:lost|fail|failed|failure|down|cut off|disconnected"
    r"|пропал[оа]|отключен[оа]|отключилось|отсутствует)"
)
_BACK = (
    r"(?:back|ok|restored?|recover|recovered|recovery|resumed|connected"
    r"|восстановлен[оа]|появил[оа]сь|подключен[оа]|в норме)"
)
_BE = r"(?: (?:is|was|has been|status))?"
_PHRASES: Mapping[Meaning, str] = {
    Meaning.NUMBER_TAKEN: (
        r"(?:master|admin|administrator)(?: user| number)?(?: is)? already exists?"
        r"|(?:number|user|master|admin|administrator)(?: is)? already (?:registered|exists?|set)"
        r"|(?:номер|администратор) уже (?:зарегистрирован|существует|назначен|есть)"
    ),
    Meaning.NOT_ALLOWED: r"(?:no|not) authori[sz](?:ation|ed)|нет (?:доступа|прав)",
    Meaning.NOT_UNDERSTOOD: (
        r"(?:invalid|wrong|bad) (?:format|command)|неверн(?:ая|ый) (?:команда|формат)"
    ),
    Meaning.ADMIN_REGISTERED: (
        r"welcome to use"
        r"|(?:master|admin|administrator)(?: user| number)?(?: is| was| has been)?"
        r"(?: successfully)? (?:registered|added|set)"
        r"|(?:номер администратора|администратор)(?: успешно)? (?:зарегистрирован|добавлен)"
    ),
    Meaning.MAINS_LOST: (
        rf"(?:{_MAINS}){_BE} (?:{_LOST}|off|выключено)|power(?: supply)?{_BE} {_LOST}"
        r"|питание (?:пропало|отсутствует)"
        r"|power (?:failure|outage|loss)|no (?:ac|mains|external)(?: power)?"
        r"|(?:пропало|отключено|нет) (?:(?:внешнее|внешнего|сетевое|сетевого) питани[ея]|220 ?в)"
    ),
    Meaning.MAINS_BACK: (
        rf"(?:{_MAINS}){_BE} (?:{_BACK}|on|включено)|power(?: supply)?{_BE} {_BACK}"
        r"|питание (?:восстановлено|появилось)"
        r"|(?:восстановлено|появилось) (?:внешнее |сетевое )?питание"
    ),
}
_RULES = {meaning: re.compile(rf"\b(?:{text})\b") for meaning, text in _PHRASES.items()}
_OUTLET = re.compile(
    r"\b(?:socket(?: output)?|output|outlet|relay|line|channel"
    r"|розетка|выход|линия|реле|канал|нагрузка)(?: (?P<line>[1-9]))?"
    r"(?: (?:is|was|status|state|now|turned|switched|power|has been|статус|состояние)){0,3}"
    r" (?:(?P<on>on|вкл|включен[оа]?)|off|выкл|выключен[оа]?|отключен[оа]?)\b(?! (?:or|или)\b)"
)
_ALONE = re.compile(
    r"(?:status )?(?:(?:turned|switched) )?(?:(?P<on>on|вкл|включен[оа])|off|выкл|выключен[оа])"
)
_LEVEL = re.compile(
    r"\b(?:(?:gsm )?signal(?: (?:level|strength|quality))?|gsm(?: level)?"
    r"|(?:уровень )?(?:сигнала?|связи)(?: gsm)?|уровень gsm)(?: is)? (?P<level>[0-9]{1,3})\b"
)
# Families in which nothing is known read nothing.
FAMILIES = frozenset({"simpal"})
_UNKNOWN = Reply(Meaning.UNKNOWN)


def read(family: str, text: str) -> Reply:
    """Return what a reply of that family of models means; UNKNOWN for all else, hostile or not."""
    if family not in FAMILIES:
        return _UNKNOWN
    clauses = _clauses(text)
    if any(map(_CONDITIONAL.search, clauses)):
        return _UNKNOWN
    level = next((int(found["level"]) for each in clauses if (found := _LEVEL.search(each))), None)
    telling = [clause for clause in clauses if not _SETTINGS.search(clause)]
    meanings = {meaning for clause in telling for meaning in _meanings(clause)}
    said = {outlet for clause in telling for outlet in _outlets(clause, len(clauses) == 1)}
    lines = dict(said)
    if len(meanings) > 1 or len(said) > len(lines):  # two things at once, or on and off
        return _UNKNOWN
    if meanings:
        return Reply(meanings.pop(), lines, level)
    if len(lines) == 1:
        return Reply(Meaning.ON if all(lines.values()) else Meaning.OFF, lines, level)
    if lines:
        return Reply(Meaning.STATUS, lines, level)
    return _UNKNOWN if level is None else Reply(Meaning.GSM_LEVEL, level=level)


def _clauses(text: str) -> list[str]:
    """Return the clauses of a text in small plain letters, without those that have no word."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST]).casefold()[:LONGEST].replace("ё", "е")
    clauses = [" ".join(_WORDS.findall(clause)) for clause in _CLAUSES.split(plain)]
    return [clause for clause in clauses if clause]


def _meanings(clause: str) -> Iterator[Meaning]:
    negated = _NEGATED.search(clause)
    for meaning, rule in _RULES.items():
        if rule.search(clause) and (meaning is Meaning.NOT_ALLOWED or not negated):
            yield meaning


def _outlets(clause: str, alone: bool) -> Iterator[tuple[int, bool]]:
    """Yield each outlet of a clause and whether it is on."""
    if _NEGATED.search(clause):
        return
    if alone and (found := _ALONE.fullmatch(clause)):
        yield 0, found["on"] is not None
    for found in _OUTLET.finditer(clause):
        yield int(found["line"] or 0), found["on"] is not None
