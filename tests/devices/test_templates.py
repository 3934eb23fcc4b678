"""Templates of commands: names are put in, and a template that contradicts itself is not made."""

import pytest

from devices import own_templates
from devices.parameters import Kind, Parameter
from devices.states import Effect, leaves_on
from devices.templates import Danger, Step, Template, TemplateError, fill
from devices.words import Words

TEXT = Words("Text", "Текст")


def number(name: str) -> Parameter:
    return Parameter(name, Kind.INTEGER, TEXT, TEXT)


def template(*codes: str, names: tuple[str, ...] = (), **columns: object) -> Template:
    steps = tuple(Step(code, Effect.CONFIG) for code in codes)
    parameters = tuple(map(number, names))
    return Template(
        "own", TEXT, TEXT, Danger.CONFIG, steps, parameters, **columns  # type: ignore[arg-type]
    )  # fmt: skip


def test_names_are_put_in_and_nothing_else_is_understood() -> None:
    assert fill("#12#0#{minutes}#1#", {"minutes": "5"}) == "#12#0#5#1#"
    assert fill("{a}{b}{a}", {"a": "{b}", "b": "{a}"}) == "{b}{a}{b}"  # filled once


@pytest.mark.parametrize(
    "code",
    ["#{line.__class__}#", "#{line[0]}#", "#{line!r}#", "#{line:>9}#", "#{0}#", "#{}#", "#{line#"],
)
def test_no_trick_of_str_format_is_a_name(code: str) -> None:
    with pytest.raises(TemplateError):
        template(code, names=("line",))


@pytest.mark.parametrize(
    ("codes", "names", "columns"),
    [
        ((), (), {}),
        (("#01#{line}#",), (), {}),
        (("#01#",), ("line",), {}),
        (("#01#{line}#",), ("line", "line"), {}),
        (("#01#{line}#",), ("line",), {"lines": "outlet"}),
        (("#01#{line}#",), ("line",), {"ordered": ("line", "other")}),
    ],
)
def test_a_template_that_contradicts_itself_is_not_made(
    codes: tuple[str, ...], names: tuple[str, ...], columns: dict[str, object]
) -> None:
    with pytest.raises(TemplateError):
        template(*codes, names=names, **columns)


def test_nobody_keeps_a_line_dark_for_hours() -> None:
    with pytest.raises(TemplateError):
        Template(
            "own", TEXT, TEXT, Danger.POWER,
            (Step("#02#", Effect.OFF), Step("#01#", Effect.ON, after=3601)),
        )  # fmt: skip


def test_a_template_knows_what_its_texts_look_like() -> None:
    [pattern] = template("#22#{low}#{high}#", names=("low", "high")).patterns
    assert pattern.fullmatch("#22#-5#30#")
    for text in ("#22##30#", "#22#5#30#\n", "#22#5#30#1#", "#22#05#30#", "#22#٥#30#"):
        assert not pattern.fullmatch(text)


def test_dangers_have_their_order() -> None:
    assert sorted(Danger, key=lambda danger: danger.rank) == [
        Danger.NONE, Danger.POWER, Danger.CONFIG, Danger.DESTRUCTIVE,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("effects", "on", "cycles"),
    [
        ("query", True, False),
        ("config query", True, False),
        ("on", True, False),
        ("off", False, False),
        ("cycle", True, True),
        ("timer", False, False),
        ("off on", True, True),
        ("off on query", True, True),
        ("off query", False, False),  # a question gives nobody power
        ("off config", False, False),
        ("off off", False, False),
        ("on off", False, False),
        ("config on", True, False),  # nothing was off
        ("config cycle", True, True),
        ("cycle timer", False, False),
    ],
)
def test_the_last_message_that_switches_tells_what_becomes_of_lines(
    effects: str, on: bool, cycles: bool
) -> None:
    steps = tuple(Step(f"M{number}", Effect(each)) for number, each in enumerate(effects.split()))
    made = Template("own", TEXT, TEXT, Danger.POWER, steps, lines=(1,))
    assert leaves_on(step.effect for step in steps) is on
    assert made.cycles is cycles
    assert own_templates.restarts(made) is cycles
