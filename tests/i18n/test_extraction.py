"""Messages are found in Python, in templates and in scripts without GNU gettext."""

from pathlib import Path

import polib
import pytest

from tools.messages import catalogue, sources
from tools.messages.extraction import (
    Message,
    NotLiteral,
    of_javascript,
    of_python,
    of_template,
)

PYTHON = """
from django.utils.translation import gettext_lazy as _, ngettext as plural, pgettext
from django.utils import translation
_("one")
_("in "
  "parts")
_("a" + " sum")
plural("%(n)d player", "%(n)d players", 3)
pgettext("of a person", "name")
f"{_('inside an f-string')} and more"
translation.gettext("by its module")
other.gettext("of something else")
"""
TEMPLATE = """{% load i18n %}
{% translate "Plain" %} {% trans 'Old style' %} {{ _("Constant")|upper }}
{% translate "May" context "month" %}
{% blocktranslate trimmed with who=user.name %}
    Hello {{ who }},
    100% welcome
{% endblocktranslate %}
{% blocktranslate count n=number %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}
{% comment %}{% translate "Not said" %}{% endcomment %}
{% include "x.html" with title=_("Argument") %}
"""
SCRIPT = """
// gettext("in a comment")
say(gettext("Hello"), ngettext('%s row', '%s rows', 2), pgettext("month", "May"), _("lodash"));
"""


def test_python_is_read_with_every_alias_and_in_every_form() -> None:
    assert set(of_python(PYTHON)) == {
        Message("one"),
        Message("in parts"),
        Message("a sum"),
        Message("%(n)d player", "%(n)d players"),
        Message("name", context="of a person"),
        Message("inside an f-string"),
        Message("by its module"),
    }


@pytest.mark.parametrize("call", ["_(name)", '_(f"{x} rows")', '_("a" + name)', '_("%s" % x)'])
def test_a_text_that_is_put_together_before_it_is_translated_is_refused(call: str) -> None:
    source = f"from django.utils.translation import gettext as _\n{call}\n"
    with pytest.raises(NotLiteral, match=r"somewhere\.py:2"):
        list(of_python(source, "somewhere.py"))
    assert list(of_python(source, strict=False)) == []


def test_templates_are_read_as_django_reads_them() -> None:
    assert set(of_template(TEMPLATE)) == {
        Message("Plain"),
        Message("Old style"),
        Message("Constant"),
        Message("Argument"),
        Message("May", context="month"),
        Message("Hello %(who)s, 100%% welcome"),
        Message("%(n)s row", "%(n)s rows"),
    }


def test_scripts_are_read_by_the_names_of_djangos_catalogue() -> None:
    assert set(of_javascript(SCRIPT)) == {
        Message("Hello"),
        Message("%s row", "%s rows"),
        Message("May", context="month"),
    }


def test_a_new_message_is_added_empty_and_an_old_one_leaves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "platforms"
    folder.mkdir()
    (folder / "views.py").write_text(
        "from django.utils.translation import gettext as _\n_('Brand new')\n_('Kept')\n"
    )
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    old = polib.POFile()
    old.append(polib.POEntry(msgid="Kept", msgstr="Остался"))
    old.append(polib.POEntry(msgid="Gone", msgstr="Ушёл"))
    new = {entry.msgid: entry for entry in catalogue.updated(old, "django", "ru")}
    assert new["Kept"].msgstr == "Остался"
    assert not new["Brand new"].translated()
    assert new["Brand new"].occurrences == [("platforms/views.py", "")]
    assert "Gone" not in new


def test_a_translation_in_the_place_of_a_packages_own_stays() -> None:
    old = polib.POFile()
    old.append(polib.POEntry(msgid="Add %s", msgstr="Добавить: %s"))
    new = {entry.msgid: entry for entry in catalogue.updated(old, "django", "ru")}
    assert new["Add %s"].msgstr == "Добавить: %s"
    assert new["Add %s"].comment == "package django"
