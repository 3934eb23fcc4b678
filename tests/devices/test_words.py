"""Texts that bring their translations along."""

import pytest
from django.utils import translation

from devices.words import Words

TEXT = Words("Switch off", "Выключить")


@pytest.mark.parametrize(
    ("language", "said"),
    [("ru", "Выключить"), ("ru-ru", "Выключить"), ("en", "Switch off"), ("de", "Switch off")],
)
def test_a_text_is_in_the_language_of_the_reader(language: str, said: str) -> None:
    with translation.override(language):
        assert str(TEXT) == said
    assert TEXT.in_language(language) == said
