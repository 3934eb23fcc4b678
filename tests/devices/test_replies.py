"""What sockets answer: the documented texts, texts that are only likely, and hostile ones."""

import time

import pytest
from django.utils.functional import Promise
from hypothesis import given, settings, strategies as st

from devices.catalogue import models
from devices.replies import FAMILIES, Meaning, Reply, read

DOCUMENTED = [
    ("The master user already exists.", Meaning.NUMBER_TAKEN),
    ("Welcome to use GSM Power Socket.\nYour Password is:1234..", Meaning.ADMIN_REGISTERED),
    ("Invalid format, please check and try again later", Meaning.NOT_UNDERSTOOD),
    ("No authorisation user", Meaning.NOT_ALLOWED),
    # A setting that is on is no outlet that is on.
    ("Schedule control: function ON\nEveryday, 0800-2230", Meaning.UNKNOWN),
    ("Schedule control: function OFF", Meaning.UNKNOWN),
]
ASSUMED = [
    ("AC power lost!", Meaning.MAINS_LOST),
    ("External power: OFF", Meaning.MAINS_LOST),
    ("ALARM: Mains failure", Meaning.MAINS_LOST),
    ("Power failure", Meaning.MAINS_LOST),
    ("Пропало внешнее питание", Meaning.MAINS_LOST),
    ("Внешнее питание отключено!", Meaning.MAINS_LOST),
    ("Нет 220 В", Meaning.MAINS_LOST),
    ("Питание пропало", Meaning.MAINS_LOST),
    ("AC power restored", Meaning.MAINS_BACK),
    ("External power supply is back", Meaning.MAINS_BACK),
    ("Power recovered", Meaning.MAINS_BACK),
    ("Питание восстановлено", Meaning.MAINS_BACK),
    ("Восстановлено внешнее питание", Meaning.MAINS_BACK),
    ("GSM signal: 23", Meaning.GSM_LEVEL),
    ("Signal strength is 7", Meaning.GSM_LEVEL),
    ("Уровень сигнала GSM: 18", Meaning.GSM_LEVEL),
    ("Administrator already registered", Meaning.NUMBER_TAKEN),
    ("Номер уже зарегистрирован", Meaning.NUMBER_TAKEN),
    ("Admin number has been added", Meaning.ADMIN_REGISTERED),
    ("Администратор зарегистрирован", Meaning.ADMIN_REGISTERED),
    ("Неверная команда", Meaning.NOT_UNDERSTOOD),
]
UNDECIDED = [
    "", " ", "OK", "Hello", "Power off", "Power on", "Питание отключено", "Output is not on",
    "Розетка не включена", "AC power off alert: ON", "Temperature alarm: ON", "Output: ON or OFF",
    "Output ON. Output OFF", "AC power lost. AC power restored", "Your balance is 12.50 RUB",
    "Line", "on off", "If power is lost, output off", "Онлайн", "official", "socket offer",
    "Если питание пропало", "Timer: output OFF after 5 min", "#01#0#", "Ваш код 4821",
]  # fmt: skip


@pytest.mark.parametrize(("text", "meaning"), DOCUMENTED + ASSUMED)
def test_it_reads_a_text(text: str, meaning: Meaning) -> None:
    assert read("simpal", text).meaning is meaning


@pytest.mark.parametrize(
    ("text", "meaning", "lines"),
    [
        ("Output ON", Meaning.ON, {0: True}),
        ("Socket output: OFF", Meaning.OFF, {0: False}),
        ("Status: ON", Meaning.ON, {0: True}),
        ("Розетка включена", Meaning.ON, {0: True}),
        ("Выход 2 выключен.", Meaning.OFF, {2: False}),
        ("Line 1: ON, Line 2: OFF", Meaning.STATUS, {1: True, 2: False}),
        ("Линия 1 вкл; линия 2 вкл", Meaning.STATUS, {1: True, 2: True}),
        ("Output ON\nAC power restored", Meaning.MAINS_BACK, {0: True}),
    ],
)
def test_it_reads_which_outlets_are_on(text: str, meaning: Meaning, lines: dict[int, bool]) -> None:
    reply = read("simpal", text)
    assert (reply.meaning, dict(reply.lines)) == (meaning, lines)


def test_it_reads_the_signal_beside_something_else() -> None:
    reply = read("simpal", "Output: ON\r\nTemp: 25C\r\nGSM signal: 21")
    assert reply == Reply(Meaning.ON, {0: True}, 21)


@pytest.mark.parametrize("text", UNDECIDED)
def test_what_is_not_clear_is_unknown(text: str) -> None:
    assert read("simpal", text).meaning is Meaning.UNKNOWN


@pytest.mark.parametrize(("text", "meaning"), DOCUMENTED + ASSUMED)
def test_case_spaces_and_marks_make_no_difference(text: str, meaning: Meaning) -> None:
    for other in (
        text.upper(),
        text.lower(),
        f"  {text}\r\n",
        text.replace(" ", "   "),
        text.replace(" ", "\xa0"),
        f"\ufeff{text}",
        text.replace("е", "ё"),
    ):
        assert read("simpal", other).meaning is meaning


def test_a_generic_socket_is_kept_and_not_interpreted() -> None:
    assert read("generic", "Output ON") == Reply(Meaning.UNKNOWN)


def test_every_model_answers_in_a_family_that_is_known() -> None:
    assert {model.replies for model in models().values()} == FAMILIES | {"generic"}


@pytest.mark.parametrize("meaning", Meaning, ids=lambda meaning: meaning.value)
def test_every_meaning_can_be_translated(meaning: Meaning) -> None:
    assert isinstance(meaning.label, Promise)


PIECES = ["output", "line 1", "on", "off", "power", "ac", "lost", "master", "already", "выход",
          "питание", "пропало", "is", "status", " ", "\n", ".", "\x00", "\u202e", "1", "#", "не",
          "gsm", "signal", "\ud800", "İ", "ﬃ", "Σ"]  # fmt: skip


@settings(max_examples=500)
@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join))
def test_no_text_is_too_strange(text: str) -> None:
    reply = read("simpal", text)
    assert isinstance(reply.meaning, Meaning)
    assert all(0 <= line <= 9 for line in reply.lines)
    assert reply.level is None or 0 <= reply.level <= 999


HOSTILE = [
    *[piece * (5000 // len(piece) + 1) for piece in PIECES],
    *[f"{piece} " * (5000 // (len(piece) + 1)) for piece in PIECES],
    "output is was now turned switched " * 150,
    "master user number is already " * 170,
    "power supply is was has been " * 170,
    "\u202eno tuptuo" + "\x00" * 5000,
    "ﷺ" * 5000,  # one character that NFKC makes eighteen of
    "\u0301" * 5000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_a_hostile_text_of_5_kb_takes_no_time(text: str) -> None:
    began = time.process_time()
    read("simpal", text)
    assert time.process_time() - began < 0.1
    longer = time.process_time()
    read("simpal", text * 200)  # a megabyte costs what a thousand characters do
    assert time.process_time() - longer < 0.1
