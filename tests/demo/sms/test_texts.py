"""The sockets' own reader, held to the catalogue that Remosa writes by: two readers, one manual."""

import pytest

from demo.sms.texts import Act, Order, read
from demo.sms.wiring import SocketModel
from devices import catalogue
from devices.parameters import Kind, Parameter
from devices.states import Effect
from devices.templates import Template, fill

SAMPLES = {
    Kind.PHONE: "+79161234567",
    Kind.HHMM: "0830",
    Kind.WORD: "door",
    Kind.PIN: "1234",
}


def sample(parameter: Parameter) -> str:
    if parameter.choices:
        return str(parameter.choices[-1].value)
    if parameter.kind is Kind.INTEGER:
        return str(parameter.minimum if parameter.minimum is not None else 7)
    return SAMPLES[parameter.kind]


def texts(model: SocketModel) -> list[tuple[Template, str, Effect]]:
    return [
        (
            template,
            fill(step.code, {each.name: sample(each) for each in template.parameters}),
            step.effect,
        )
        for template in catalogue.models()[model].commands
        for step in template.steps
    ]


@pytest.mark.parametrize("model", SocketModel)
def test_it_understands_every_command_of_the_catalogue(model: SocketModel) -> None:
    acts = {
        Effect.ON: {Act.SWITCH, Act.LATER},
        Effect.OFF: {Act.SWITCH, Act.LATER},
        Effect.CYCLE: {Act.LATER},
        Effect.TIMER: {Act.LATER, Act.CANCEL},
        Effect.QUERY: {Act.STATUS, Act.SIGNAL, Act.TELL, Act.LIST_USERS},
    }
    for template, text, effect in texts(model):
        order = read(model, text)
        assert order is not None, text
        if effect in acts:
            assert order.act in acts[effect], text
        if template.lines and order.act is not Act.CANCEL:
            assert frozenset(order.lines) == catalogue.models()[model].lines_of(text), text


@pytest.mark.parametrize("model", SocketModel)
def test_it_has_the_lines_that_the_catalogue_has(model: SocketModel) -> None:
    assert set(model.lines) == catalogue.models()[model].every_line


@pytest.mark.parametrize(
    ("model", "text", "order"),
    [
        (SocketModel.D210, "#01#0#", Order(Act.SWITCH, (1,), on=True)),
        (SocketModel.D210, "#02#0#", Order(Act.SWITCH, (1,), on=False)),
        (SocketModel.D210, "#12#0#1#1#", Order(Act.LATER, (1,), True, 1, now=False)),
        (SocketModel.D210, "#12#0#5#0#", Order(Act.LATER, (1,), False, 5, now=True)),
        (SocketModel.D210, "#15#", Order(Act.DELETE_USERS)),
        (SocketModel.D210, "#15#+79161234567#", Order(Act.DELETE_USERS, value="+79161234567")),
        (SocketModel.D410, "#02#", Order(Act.SWITCH, (1, 2), on=False)),
        (SocketModel.D410, "#01#2#", Order(Act.SWITCH, (2,), on=True)),
        (SocketModel.D410, "#11#2#2#3#", Order(Act.LATER, (2,), False, 3)),
        (SocketModel.D410, "#11#0#", Order(Act.CANCEL, (1, 2))),
    ],
)  # fmt: skip
def test_it_reads_what_the_manual_says(model: SocketModel, text: str, order: Order) -> None:
    assert read(model, text) == order


@pytest.mark.parametrize(
    "text",
    [
        *("", "#", "##", "01", "#01", "01#0#", "#01#0", "#01#0# ", " #01#0#", "hello", "#99#"),
        *("#01##", "#01#1#", "#01#0#0#", "#12#0#0#1#", "#12#0#721#1#", "#12#0#-1#1#", "#12#0#٣#1#"),
        *("#12#0#1#2#", "#07#1#", "#02#0##"),
    ],
)
def test_what_the_manual_does_not_have_is_not_understood(text: str) -> None:
    assert read(SocketModel.D210, text) is None


def test_a_line_that_is_not_there_is_not_understood() -> None:
    assert read(SocketModel.D410, "#02#3#") is None
    assert read(SocketModel.D410, "#02#0#") is None
