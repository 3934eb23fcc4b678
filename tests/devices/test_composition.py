"""From typed-in values to the messages on the wire, over the whole catalogue."""

import random
import re
import string
from collections.abc import Mapping

import pytest

from devices.catalogue import Model, models, read_template
from devices.composition import ParametersRefused, TextRefused, compose
from devices.parameters import Kind, Parameter, Reason
from devices.states import Effect
from devices.templates import Danger, Template

D210, D410, GENERIC = (models()[key] for key in ("simpal_d210", "simpal_d410", "generic"))
FUZZED = 100_000

WORDS = {"en": "Own", "ru": "Своя"}


def texts(model: Model, key: str, **values: str) -> list[str]:
    return [message.text for message in compose(model, model.by_key[key], values, "RU").messages]


def own(code: str, effect: str = "config", danger: str = "none", **columns: object) -> Template:
    data = {"key": "own", "name": WORDS, "help": WORDS, "code": code} | columns
    return read_template(data | {"effect": effect, "danger": danger})


PHONE = {"name": "phone", "kind": "phone", "label": WORDS, "help": WORDS}


@pytest.mark.parametrize(
    ("model", "key", "values", "sent"),
    [
        (D210, "power_cycle", {"minutes": "5"}, ["#12#0#5#1#"]),
        (D210, "power_on_for", {"minutes": "5"}, ["#12#0#5#0#"]),
        (D210, "status", {}, ["#07#"]),
        (D210, "delete_user", {"phone": "8 (912) 345-67-89"}, ["#15#+79123456789#"]),
        (
            D210,
            "schedule_set",
            {"day": "8", "start": "8:00", "stop": "22:30"},
            ["#20#0#8#0800#2230#"],
        ),
        (
            D210,
            "thermostat_set",
            {"mode": "1", "low": "-5", "high": "10"},
            ["#24#0#1#-5#10#"],
        ),
        (D410, "power_off", {}, ["#02#"]),
        (D410, "power_cycle_line", {"line": "2"}, ["#02#2#", "#01#2#"]),
        (D410, "on_after", {"line": "0", "minutes": "3"}, ["#11#0#1#3#"]),
    ],
)
def test_it_writes_what_the_manual_says(
    model: Model, key: str, values: dict[str, str], sent: list[str]
) -> None:
    assert texts(model, key, **values) == sent


def test_a_sequence_tells_what_each_message_does_and_when_it_follows() -> None:
    composed = compose(D410, D410.by_key["power_cycle_line"], {"line": "1"})
    assert [(each.effect, each.after) for each in composed.messages] == [
        (Effect.OFF, 0),
        (Effect.ON, 30),
    ]
    assert composed.lines == (1,)


@pytest.mark.parametrize(
    ("model", "key", "values", "lines"),
    [
        (D210, "power_off", {}, (1,)),
        (D410, "power_off", {}, (1, 2)),
        (D410, "power_off_line", {"line": "2"}, (2,)),
        (D410, "off_after", {"line": "0", "minutes": "1"}, (1, 2)),
        (D410, "status", {}, ()),
    ],
)
def test_it_names_the_lines_that_are_switched(
    model: Model, key: str, values: dict[str, str], lines: tuple[int, ...]
) -> None:
    assert compose(model, model.by_key[key], values).lines == lines


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({}, {"day": Reason.EMPTY, "start": Reason.EMPTY, "stop": Reason.EMPTY}),
        ({"day": "10", "start": "8", "stop": "22:30"},
         {"day": Reason.NOT_A_CHOICE, "start": Reason.NOT_A_TIME}),
        ({"day": "1", "start": "08:00", "stop": "22:30", "line": "1"},
         {"line": Reason.UNEXPECTED}),
    ],
)  # fmt: skip
def test_every_wrong_field_has_its_own_message(
    values: dict[str, str], errors: dict[str, Reason]
) -> None:
    with pytest.raises(ParametersRefused) as caught:
        compose(D210, D210.by_key["schedule_set"], values)
    assert {name: error.reason for name, error in caught.value.errors.items()} == errors


@pytest.mark.parametrize(("low", "high"), [("10", "10"), ("11", "10"), ("9", "-10")])
def test_temperatures_stand_in_order(low: str, high: str) -> None:
    with pytest.raises(ParametersRefused) as caught:
        texts(D210, "temperature_alert_range", low=low, high=high)
    assert str(caught.value.errors["high"]) == "This must be higher than “Lower temperature”."


def test_a_password_is_sent_and_not_shown() -> None:
    composed = compose(D210, D210.by_key["factory_reset"], {"password": "4711"})
    [message] = composed.messages
    assert (message.text, message.shown) == ("#08#4711#", "#08#••••#")
    assert composed.danger is Danger.DESTRUCTIVE


# -- templates of platforms ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "danger"),
    [
        ("#15#", Danger.DESTRUCTIVE),  # claims to be harmless and deletes all numbers
        ("#08#4711#", Danger.DESTRUCTIVE),
        ("#08#12#", Danger.DESTRUCTIVE),  # not the catalogue's text, but begins like the reset
        ("#00#", Danger.CONFIG),
        ("#99#1#", Danger.CONFIG),  # nobody knows
    ],
)
def test_a_template_is_as_dangerous_as_its_text(code: str, danger: Danger) -> None:
    assert compose(D210, own(code), {}).danger is danger


def test_a_template_cannot_call_a_switch_by_another_name() -> None:
    with pytest.raises(TextRefused):
        compose(D210, own("#02#0#", effect="query"), {})
    with pytest.raises(TextRefused):
        compose(D210, own("#02#0#", effect="on"), {})
    assert compose(D210, own("#02#0#", effect="off", danger="power"), {}).messages


@pytest.mark.parametrize("code", ["#07", "07#", "#7#", "#07##", "# 07#", "#07#a b#", "#07#1.5#"])
def test_a_text_outside_the_grammar_is_not_made(code: str) -> None:
    with pytest.raises(TextRefused):
        compose(D210, own(code), {})


def test_a_generic_socket_takes_any_plain_text_of_one_message() -> None:
    template = own("SET {phone} 100%", danger="config", parameters=[PHONE])
    [message] = compose(GENERIC, template, {"phone": "+79123456789"}).messages
    assert message.text == "SET +79123456789 100%"
    with pytest.raises(TextRefused):
        compose(GENERIC, own(" x"), {})
    long = own("x" * 150 + "{phone}", parameters=[PHONE])
    with pytest.raises(TextRefused):
        compose(GENERIC, long, {"phone": "+79123456789"})


@pytest.mark.parametrize(
    ("model", "code", "lines"),
    [
        (D210, "#02#0#", (1,)),
        (D410, "#02#", (1, 2)),
        (D410, "#02#2#", (2,)),
        (D410, "#11#0#2#5#", (1, 2)),
        (D410, "#02#7#", (1, 2)),  # like one that switches
        (D410, "#07#", ()),
        (D410, "#99#1#", ()),
    ],
)
def test_a_template_cannot_hide_the_lines_that_it_switches(
    model: Model, code: str, lines: tuple[int, ...]
) -> None:
    effect = {"#02": "off", "#11": "timer", "#07": "query"}.get(code[:3], "config")
    assert compose(model, own(code, effect=effect), {}).lines == lines


@pytest.mark.parametrize("effect", ["on", "query"])
def test_what_the_catalogue_lacks_is_never_sent_twice(effect: str) -> None:
    [message] = compose(D210, own("#99#1#", effect=effect), {}).messages
    assert message.effect is Effect.CONFIG
    [message] = compose(GENERIC, own("ON", effect=effect), {}).messages
    assert message.effect is Effect(effect)


# -- the whole catalogue ------------------------------------------------------------------------

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
