"""Translations are compiled without GNU gettext."""

import gettext
from pathlib import Path

import pytest

from tools.compile_messages import compile_all

HEADER = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : "
"n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\\n"

"""
MESSAGES = """msgid "player"
msgid_plural "players"
msgstr[0] "плеер"
msgstr[1] "плеера"
msgstr[2] "плееров"

msgctxt "of a socket"
msgid "off"
msgstr "выкл"

#, fuzzy
msgid "guess"
msgstr "догадка"
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "locale" / "ru" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(HEADER + MESSAGES)
    return path


def test_gettext_reads_what_it_compiled(source: Path, tmp_path: Path) -> None:
    assert compile_all(tmp_path) == [source.with_suffix(".mo")]
    found = gettext.translation("django", tmp_path / "locale", ["ru"])
    assert [found.ngettext("player", "players", n) for n in (1, 3, 5, 11, 21)] == [
        "плеер",
        "плеера",
        "плееров",
        "плееров",
        "плеер",
    ]
    assert found.pgettext("of a socket", "off") == "выкл"
    assert found.gettext("guess") == "guess"


def test_a_bad_line_is_named_and_the_old_translation_stays(source: Path, tmp_path: Path) -> None:
    (compiled,) = compile_all(tmp_path)
    before = compiled.read_bytes()
    source.write_text(HEADER + "no keyword\n")
    with pytest.raises(OSError, match="line 7"):
        compile_all(tmp_path)
    assert compiled.read_bytes() == before
