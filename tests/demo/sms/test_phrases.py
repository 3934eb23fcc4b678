"""What simulated sockets write, as Remosa reads it."""

import pytest

from demo.sms import phrases
from devices.replies import Meaning, Reply, read

LANGUAGES = ("en", "ru")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("phrase", "meaning"),
    [
        (phrases.WELCOME, Meaning.ADMIN_REGISTERED),
        (phrases.TAKEN, Meaning.NUMBER_TAKEN),
        (phrases.DENIED, Meaning.NOT_ALLOWED),
        (phrases.INVALID, Meaning.NOT_UNDERSTOOD),
        (phrases.DONE, Meaning.UNKNOWN),
        (phrases.NOTHING_SET, Meaning.UNKNOWN),
    ],
)
def test_it_is_read_as_it_was_meant(
    language: str, phrase: dict[str, str], meaning: Meaning
) -> None:
    assert read("simpal", phrase[language]).meaning is meaning


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("on", [True, False])
def test_the_only_outlet_is_told_without_its_number(language: str, on: bool) -> None:
    reply = read("simpal", phrases.outputs(language, {1: on}, many=1))
    assert reply == Reply(Meaning.ON if on else Meaning.OFF, {0: on})


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_are_told_by_their_numbers(language: str) -> None:
    assert read("simpal", phrases.outputs(language, {2: False}, many=2)).lines == {2: False}
    both = read("simpal", phrases.outputs(language, {1: True, 2: False}, many=2))
    assert both == Reply(Meaning.STATUS, {1: True, 2: False})


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_running_timer_does_not_hide_the_outlet(language: str) -> None:
    text = f"{phrases.outputs(language, {1: False}, 1)}. {phrases.timer(language, 3)}"
    assert read("simpal", text) == Reply(Meaning.OFF, {0: False})


@pytest.mark.parametrize("language", LANGUAGES)
def test_mains_and_the_signal_are_understood(language: str) -> None:
    assert read("simpal", phrases.mains(language, False)).meaning is Meaning.MAINS_LOST
    assert read("simpal", phrases.mains(language, True)).meaning is Meaning.MAINS_BACK
    assert read("simpal", phrases.signal(language, 17)) == Reply(Meaning.GSM_LEVEL, level=17)
