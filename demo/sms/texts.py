"""What a socket makes of a text: a small reader of its own, by the manual. Pure.

A text that is shorter or longer than the manual has it is not understood, whatever it begins with.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple

from demo.sms.wiring import SocketModel

PASSWORD = "1234"  # noqa: S105 (what every such socket leaves the factory with)
LONGEST_MINUTES = 720


class Act(Enum):
    """What the socket is asked to do."""

    SWITCH = auto()
    LATER = auto()  # switch after some minutes, and now the other way round or not at all
    CANCEL = auto()
    STATUS = auto()
    SIGNAL = auto()
    REGISTER = auto()
    LIST_USERS = auto()
    ADD_USER = auto()
    DELETE_USERS = auto()
    RESET = auto()
    SET = auto()  # a setting that changes nothing in this world
    TELL = auto()  # a setting is asked for; it is off


class Order(NamedTuple):
    """A text as read. `on` is for SWITCH and LATER; `now`: what LATER does at once."""

    act: Act
    lines: tuple[int, ...] = ()
    on: bool = False
    minutes: int = 0
    now: bool | None = None
    value: str = ""


# Settings by their code: with how many fields behind it they come.
_SETTINGS: Mapping[SocketModel, Mapping[str, tuple[int, ...]]] = {
    SocketModel.D210: {
        **dict.fromkeys(("03", "05", "16", "27", "40", "41"), (1,)),
        **dict.fromkeys(("19", "21", "23", "42", "43", "44"), (2,)),
        **dict.fromkeys(("20", "24"), (4,)),
        "09": (1, 2),
        "22": (3,),
    },
    SocketModel.D410: {
        **dict.fromkeys(("05", "17", "27", "31"), (1,)),
        **dict.fromkeys(("10", "22"), (1, 2)),
        **dict.fromkeys(("20", "24"), (1, 4)),
    },
}
_QUESTIONS: Mapping[SocketModel, frozenset[str]] = {
    SocketModel.D210: frozenset({"32", "33", "34", "35"}),
    SocketModel.D410: frozenset({"10", "11", "20", "24"}),
}
_WITHOUT_FIELDS = {
    "00": Act.REGISTER,
    "06": Act.LIST_USERS,
    "07": Act.STATUS,
    "15": Act.DELETE_USERS,
    "27": Act.SIGNAL,
}


def read(model: SocketModel, text: str) -> Order | None:
    """Return what a text asks of a model; None where the socket does not understand it."""
    before, *parts, after = text.split("#") if text.count("#") > 1 else ("", "", "")
    if before or after or not parts or "" in parts:
        return None
    code, fields = parts[0], tuple(parts[1:])
    switching = _d210(code, fields) if model is SocketModel.D210 else _d410(code, fields)
    return switching or _of_both(model, code, fields)


def _of_both(model: SocketModel, code: str, fields: tuple[str, ...]) -> Order | None:
    if not fields and code in _WITHOUT_FIELDS:
        return Order(_WITHOUT_FIELDS[code])
    if not fields and code in _QUESTIONS[model]:
        return Order(Act.TELL)
    if len(fields) == 1 and code == "08":
        return Order(Act.RESET, value=fields[0])
    if len(fields) == 1 and code in ("06", "15"):
        return Order(Act.ADD_USER if code == "06" else Act.DELETE_USERS, value=fields[0])
    return Order(Act.SET) if len(fields) in _SETTINGS[model].get(code, ()) else None


def _d210(code: str, fields: tuple[str, ...]) -> Order | None:
    match code, *fields:
        case (("01" | "02"), "0"):
            return Order(Act.SWITCH, (1,), on=code == "01")
        case "12", "0", minutes, ("0" | "1") as then if _minutes(minutes):
            on = then == "1"
            return Order(Act.LATER, (1,), on, _minutes(minutes), now=not on)
    return None


def _d410(code: str, fields: tuple[str, ...]) -> Order | None:
    both = tuple(SocketModel.D410.lines)
    match code, *fields:
        case (("01" | "02"),):
            return Order(Act.SWITCH, both, on=code == "01")
        case (("01" | "02"), ("1" | "2") as line):
            return Order(Act.SWITCH, (int(line),), on=code == "01")
        case "11", ("0" | "1" | "2") as line, ("1" | "2") as then, minutes if _minutes(minutes):
            lines = both if line == "0" else (int(line),)
            return Order(Act.LATER, lines, then == "1", _minutes(minutes))
        case "11", "0":
            return Order(Act.CANCEL, both)
    return None


def _minutes(text: str) -> int:
    """Read minutes; 0 for what are none."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    return number if number <= LONGEST_MINUTES else 0
