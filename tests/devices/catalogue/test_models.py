"""The socket models that Remosa brings along: their facts, their words, their texts."""

import itertools
from pathlib import Path

import pytest

from devices.catalogue import Model, models
from devices.parameters import Parameter
from devices.states import Effect
from devices.templates import Danger, Template
from devices.words import Words

MODELS = models()
SIMPAL = [MODELS["simpal_d210"], MODELS["simpal_d410"]]
COMMANDS = [(model, command) for model in MODELS.values() for command in model.commands]
GOLDEN = Path(__file__).with_name("commands.txt")


def test_it_knows_two_models_and_a_generic_one() -> None:
    assert {key: (model.name, model.outlets) for key, model in MODELS.items()} == {
        "simpal_d210": ("SimPal D210", 1),
        "simpal_d410": ("SimPal D410", 2),
        "generic": ("Generic SMS socket", 4),
    }


def test_codes_dangers_and_effects_are_those_of_the_manufacturer() -> None:
    """One wrong digit switches something else: a change of the data is a change here too."""
    lines = [_line(model, command) for model, command in COMMANDS]
    assert GOLDEN.read_text(encoding="utf-8").splitlines() == lines


def _line(model: Model, command: Template) -> str:
    codes = " ".join(f"+{step.after}s {step.code}" if step.after else step.code
                     for step in command.steps)  # fmt: skip
    values = "; ".join(map(_value, command.parameters))
    return f"{model.key} {command.key}: {codes} {command.danger} {command.effect} [{values}]"


def _value(parameter: Parameter) -> str:
    limits = [str(each.value) for each in parameter.choices]
    if parameter.minimum is not None or parameter.maximum is not None:
        limits = [f"{parameter.minimum}..{parameter.maximum}"]
    return " ".join([parameter.name, parameter.kind, *limits, parameter.unit]).strip()


@pytest.mark.parametrize(
    ("model", "command"),
    COMMANDS,
    ids=[f"{model.key}-{command.key}" for model, command in COMMANDS],
)
def test_every_command_is_told_in_both_languages(model: Model, command: Template) -> None:
    texts = [command.name, command.help]
    for parameter in command.parameters:
        texts += [parameter.label, parameter.help, *(each.label for each in parameter.choices)]
    assert [text.en for text in texts if not _is_english(text)] == []
    assert [text.ru for text in texts if not _is_russian(text)] == []


def test_every_model_is_told_in_both_languages() -> None:
    texts = [text for model in MODELS.values() for text in (model.about, *model.notes)]
    assert [text for text in texts if not (_is_english(text) and _is_russian(text))] == []


def _is_english(text: Words) -> bool:
    return text.en.isascii() and text.en == text.en.strip()


def _is_russian(text: Words) -> bool:
    cyrillic = any("а" <= mark <= "я" for mark in text.ru.lower())
    return cyrillic and text.ru == text.ru.strip() and text.ru != text.en


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_no_two_commands_have_one_name(model: Model) -> None:
    for language in ("en", "ru"):
        names = [command.name.in_language(language) for command in model.commands]
        assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("model", SIMPAL, ids=lambda model: model.key)
def test_no_text_can_be_two_commands(model: Model) -> None:
    """Two codes of as many fields differ in one where neither has a parameter that could fit."""
    single = [command for command in model.commands if len(command.steps) == 1]
    for one, other in itertools.combinations(single, 2):
        assert _differ(one, other), (one.key, other.key)


def _differ(one: Template, other: Template) -> bool:
    mine, theirs = one.steps[0].code.split("#"), other.steps[0].code.split("#")
    if len(mine) != len(theirs):
        return True
    return any(
        not (a.startswith("{") or b.startswith("{")) and a != b
        for a, b in zip(mine, theirs, strict=True)
    )


@pytest.mark.parametrize("model", SIMPAL, ids=lambda model: model.key)
def test_only_what_switches_names_lines_and_only_power_is_dangerous_as_power(model: Model) -> None:
    for command in model.commands:
        assert bool(command.lines) == (command.danger is Danger.POWER), command.key
        assert command.reads == (command.danger is Danger.NONE), command.key
    alone = {command.key for command in model.commands if command.self_restoring}
    assert alone == ({"power_cycle"} if model.outlets == 1 else {"on_after"})


def test_what_ends_dark_or_switches_later_is_never_an_on() -> None:
    on = {(model.key, command.key) for model, command in COMMANDS if command.effect is Effect.ON}
    assert on == {
        ("simpal_d210", "power_on"),
        ("simpal_d410", "power_on"),
        ("simpal_d410", "power_on_line"),
    }
