"""100,000 fuzzed parameters over every command of every model: nothing else is ever sent."""

import random
import re
import string
from collections.abc import Mapping

import pytest

from devices.catalogue import Model, models
from devices.composition import ParametersRefused, compose
from devices.parameters import Kind, Parameter, Reason

D210, D410 = (models()[key] for key in ("simpal_d210", "simpal_d410"))
FUZZED = 100_000
DIGITS = "0123456789"


def looks_right(kind: str, text: str) -> bool:
    """Say without any of our patterns whether a field of a text is of its kind."""
    if not text or any(mark not in string.ascii_letters + DIGITS + "+-_" for mark in text):
        return False
    match kind:
        case "integer":
            body = text.removeprefix("-")
            return bool(body) and all(mark in DIGITS for mark in body) and str(int(text)) == text
        case "phone":
            return text[0] == "+" and 7 <= len(text[1:]) <= 15 and text[1:].isdigit()
        case "hhmm":
            return len(text) == 4 and int(text[:2]) < 24 and int(text[2:]) < 60
        case "pin":
            return len(text) == 4 and all(mark in DIGITS for mark in text)
        case _:
            return len(text) <= 16 and "+" not in text


def is_text_of(
    code: str, kinds: Mapping[str, str], choices: Mapping[str, set[str]], text: str
) -> bool:
    fields, parts = code.split("#"), text.split("#")
    if len(fields) != len(parts):
        return False
    for field, part in zip(fields, parts, strict=True):
        name = field[1:-1] if field.startswith("{") else None
        if name is None and field != part:
            return False
        if name is not None and not looks_right(kinds[name], part):
            return False
        if name is not None and choices[name] and part not in choices[name]:
            return False
    return True


def readings(model: Model, text: str) -> set[str]:
    """Return the keys of all commands of one message that a text could be."""
    return {
        command.key
        for command in model.commands
        if len(command.steps) == 1
        and is_text_of(
            command.steps[0].code,
            {each.name: each.kind.value for each in command.parameters},
            {each.name: {str(c.value) for c in each.choices} for each in command.parameters},
            text,
        )
    }


GOOD = {
    Kind.INTEGER: ["0", "1", "2", "5", "9", "12", "60", "600", "720", "-3", "007", "100"],
    Kind.PHONE: ["+79123456789", "89123456789", "8 (912) 345-67-89", "+447911123456"],
    Kind.HHMM: ["00:00", "8:30", "23:59", "12:05"],
    Kind.WORD: ["Door", "w-1", "A_b", "0"],
    Kind.PIN: ["1234", "0000"],
}
BAD = [
    "", " ", "#", "##", "#1#", "\n", "\x00", "\u202e", "٥", "５", "+", "-", "--5", "1#0", "5\n",
    "+7001#08#1234", "#08#1234#", "{line}", "{0}", "%s", "я", "＃", "$", "None", "1.5", "1e3",
    "9" * 40, "24:00", "8:5", "+7912345678९", "'", '"', ";", "\r\n", "\ud800", "\\n", "&#35;",
]  # fmt: skip
MARKS = "0123456789#+-: \n\x00٠５abcя{}_"


def fuzzed(chance: random.Random, parameter: Parameter) -> str:
    """Return a value: half the time good, else hostile, bent, or noise."""
    roll = chance.random()
    text = chance.choice(GOOD[parameter.kind])
    if roll < 0.5:
        return text
    if roll < 0.7:
        return chance.choice(BAD)
    if roll < 0.9:
        place = chance.randint(0, len(text))
        return text[:place] + chance.choice(MARKS) + text[place + chance.randint(0, 1) :]
    return "".join(chance.choices(MARKS, k=chance.randint(0, 12)))


def test_no_fuzzed_parameter_makes_a_text_outside_the_grammar_or_another_command() -> None:
    chance = random.Random(20_261_122)
    commands = [(m, c) for m in (D210, D410) for c in m.commands if c.parameters]
    tried = sent = 0
    outside, others = [], []
    while tried < FUZZED:
        model, command = commands[tried % len(commands)]
        values = {each.name: fuzzed(chance, each) for each in command.parameters}
        tried += len(values)
        try:
            composed = compose(model, command, values, "RU")
        except ParametersRefused:
            continue
        for number, message in enumerate(composed.messages):
            sent += 1
            if not re.fullmatch(r"#\d\d#([0-9A-Za-z+_-]+#)*", message.text, re.ASCII):
                outside.append((values, message.text))
            read_as = readings(model, message.text)
            expected = {command.key}
            if len(command.steps) > 1:
                expected = {("power_off_line", "power_on_line")[number]}
            if read_as != expected:
                others.append((command.key, message.text, read_as))
    assert (outside, others) == ([], [])
    assert sent > FUZZED / 20  # what passes is looked at often enough


@pytest.mark.parametrize("model", [D210, D410], ids=lambda model: model.key)
def test_an_empty_value_would_make_another_command_and_is_refused(model: Model) -> None:
    """The trap is real in this catalogue; without the check there would be harm."""
    harm = {}
    for command in model.commands:
        for parameter in command.parameters:
            emptied = command.steps[0].code.replace(f"{{{parameter.name}}}#", "")
            if readings(model, emptied):
                harm[command.key] = readings(model, emptied)
            with pytest.raises(ParametersRefused) as caught:
                compose(model, command, {parameter.name: ""})
            assert caught.value.errors[parameter.name].reason is Reason.EMPTY
    assert harm["delete_user"] == {"delete_all_users"}
