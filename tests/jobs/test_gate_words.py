"""Every verdict that can be stored has a sentence of its own."""

import inspect
import re
from datetime import UTC, datetime

import pytest

from jobs import gate_words, gates, orders
from jobs.admission import Refusal
from jobs.brake import Shut
from jobs.gate_names import Gate
from jobs.verdicts import Why

OF_DEVICES = ("device", "reset_only", "gateway", "line", "in_flight", "cooldown", "budget",
              "automation", "role")  # fmt: skip
UNKNOWN = "Something stands against it"


def codes_in(module: object, call: str) -> set[str]:
    return set(re.findall(rf'{call}\(\s*"(\w+)"', inspect.getsource(module)))  # type: ignore[arg-type]


def said_by(function: str) -> set[str]:
    """Return the codes that stand in the source of one gate."""
    return set(re.findall(r'_(?:open|shut)\("(\w+)"', inspect.getsource(getattr(gates, function))))


def test_every_code_that_a_gate_can_say_has_words() -> None:
    found = {gate.value: said_by(f"_{gate.value}") for gate in Gate if gate is not Gate.RATE
             and gate is not Gate.REFUSED}  # fmt: skip
    found["job"] |= {"removed", "disabled", "platform", "version", "player", "exporter"}
    found["job"] |= {"selection", "live", "approve", "shadow"}
    found["hours"].add("always")
    found["pause"] |= {"everything", "platform", "device", "job"}
    found["brake"] |= {each.value for each in Shut}
    found["rate"] = {"admitted", *(each.value for each in Refusal)}
    found["template"] |= codes_in(orders, "NoOrder")
    found["refused"] = set(OF_DEVICES)
    found["mains"] |= {"on", "lost", "switched_off", "off_later", "off_by_schedule"}
    found["mains"] |= {"starting", "dark"}
    found["device"] |= {"ok", "device", "reset_only", "gateway", "line"}
    assert sum(map(len, found.values())) > 60
    for gate, codes in found.items():
        for code in codes:
            text = gate_words.told(gate, {"code": code}).text
            assert text, (gate, code)
            assert not text.startswith(UNKNOWN), (gate, code)
            assert "%(" not in text


def test_every_gate_has_a_title() -> None:
    assert all(gate_words.title(gate.value) != gate.value for gate in Gate)


@pytest.mark.parametrize(
    ("gate", "detail", "text"),
    [
        ("pause", {"code": "job", "by": "Mona", "reason": "new panels"},
         "The job is paused by Mona: new panels"),
        ("brake", {"code": "too_many", "domain": "exporter", "bad": 9, "limit": 2},
         ("The brake is engaged: too many players of the exporter are bad or unknown at once, "
          "9 where 2 may be.")),
        ("evidence", {"code": "unknown", "why": Why.SOURCE_DOWN.value},
         "It is not known how the player is: The vendor does not answer. Unknown is not bad."),
        ("evidence", {"code": "unknown", "why": ""},
         "It is not known how the player is. Unknown is not taken for bad."),
        ("refused", {"code": "in_flight", "why": "Eine Nachricht."},
         "A command to this line is under way."),
        ("refused", {"code": "of_a_later_release", "why": "It rains."}, "It rains."),
        ("beyond", {}, "Something stands against it: beyond."),
        ("attempts", {"code": "exhausted", "attempts": 3},
         "All attempts were used up (3 of –): people take over."),
    ],
)  # fmt: skip
def test_a_verdict_is_a_sentence(gate: str, detail: dict[str, object], text: str) -> None:
    assert gate_words.told(gate, detail).text == text


def test_it_says_since_when_and_until_when() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert gate_words.told("mains", {"code": "lost", "at": noon.isoformat()}).since == noon
    assert gate_words.told("cooldown", {"code": "job", "until": noon.isoformat()}).until == noon
    assert gate_words.told("cooldown", {"code": "job", "until": "soon"}).until is None
