"""From typed-in values to the messages on the wire; templates of platforms that lie."""

import pytest

from devices.catalogue import Model, models, read_template
from devices.composition import ParametersRefused, TextRefused, compose
from devices.parameters import Reason
from devices.states import Effect
from devices.templates import Danger, Template

D210, D410, GENERIC = (models()[key] for key in ("simpal_d210", "simpal_d410", "generic"))

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
