"""Odd data describes no socket model: it is refused with the place and the reason."""

from typing import Any

import pytest

from devices.catalogue import CatalogueError, read_template
from devices.catalogue.loading import read_model
from devices.states import Effect

WORDS = {"en": "Text", "ru": "Текст"}
NUMBER = {"name": "line", "kind": "integer", "label": WORDS, "help": WORDS}
COMMAND: dict[str, Any] = {
    "key": "power_on", "name": WORDS, "help": WORDS, "code": "#01#{line}#", "effect": "on",
    "danger": "power", "lines": "line", "parameters": [NUMBER],
}  # fmt: skip
MODEL: dict[str, Any] = {
    "key": "own", "version": 1, "name": "Own", "about": WORDS, "outlets": 1, "grammar": "#.*#",
    "replies": "generic", "notes": [], "commands": [COMMAND],
}  # fmt: skip


def test_good_data_is_read() -> None:
    model = read_model(MODEL)
    assert (model.outlets, model.by_key["power_on"].effect) == (1, Effect.ON)


@pytest.mark.parametrize(
    "change",
    [
        {"key": "Power on"},
        {"key": "power_on\n"},
        {"name": {"en": "Text"}},
        {"name": {"en": "Text", "ru": " "}},
        {"help": "Text"},
        {"code": "#01#"},
        {"code": "#01#{other}#"},
        {"code": "#01#{line.real}#"},
        {"code": "#01#{line}#я"},
        {"effect": "explode"},
        {"danger": "some"},
        {"lines": "outlet"},
        {"lines": [0]},
        {"sequence": [{"code": "#01#{line}#", "effect": "on"}] * 2},
        {"parameters": [NUMBER, NUMBER]},
        {"parameters": [NUMBER | {"kind": "text"}]},
        {"parameters": [NUMBER | {"min": "1"}]},
        {"parameters": [NUMBER | {"min": 3, "default": "2"}]},
        {"parameters": [NUMBER | {"min": 3, "max": 2}]},
        {"parameters": [NUMBER | {"unit": "miles"}]},
        {"ordered": ["line"]},
        {"colour": "red"},
    ],
)
def test_an_odd_command_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(CatalogueError) as caught:
        read_template(COMMAND | change)
    assert str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 0},
        {"outlets": 0},
        {"grammar": ""},
        {"grammar": "("},
        {"commands": [COMMAND, COMMAND]},
        {"commands": [COMMAND | {"lines": [2]}]},
        {"colour": "red"},
    ],
)
def test_an_odd_model_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(CatalogueError):
        read_model(MODEL | change)


@pytest.mark.parametrize("data", [None, [], "text", 5, {}, {"key": None}])
def test_what_is_no_command_at_all_is_refused(data: object) -> None:
    with pytest.raises(CatalogueError):
        read_template(data)


def test_a_sequence_is_read_with_its_waits() -> None:
    data = {key: COMMAND[key] for key in COMMAND if key not in ("code", "effect")}
    steps = [
        {"code": "#02#{line}#", "effect": "off"},
        {"code": "#01#{line}#", "effect": "on", "after": 30},
    ]
    template = read_template(data | {"sequence": steps})
    assert [(step.effect, step.after) for step in template.steps] == [
        (Effect.OFF, 0),
        (Effect.ON, 30),
    ]
    assert template.effect is Effect.CYCLE
