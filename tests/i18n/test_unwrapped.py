"""No word that a person reads stands in the code without gettext. The checks are checked too."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models
from django.utils.functional import Promise

from platforms.scoping import OUR_APPS
from tests.i18n import unwrapped
from tools.messages.sources import ROOT

CODE = ("devices", "exporters", "jobs", "platforms", "remosa")
# The exporter process speaks English alone, and so does the command line.
ENGLISH = ("exporters/process/", "/management/commands/", "/migrations/")


def modules() -> Iterator[Path]:
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not any(part in path.relative_to(ROOT).as_posix() for part in ENGLISH):
                yield path


def templates(suffix: str) -> list[Path]:
    found = [*(ROOT / "templates").rglob(f"*{suffix}")]
    found += [path for folder in CODE for path in (ROOT / folder).rglob(f"templates/**/*{suffix}")]
    return sorted(found)


def test_python_says_nothing_without_gettext() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in modules()
        for line, text in unwrapped.in_python(path.read_text(), of_api="api" in path.parts)
    }
    assert sorted(found) == []


def test_templates_say_nothing_without_translate() -> None:
    paths = templates(".html")
    assert len(paths) > 20
    found = [
        (path.name, text) for path in paths for text in unwrapped.in_template(path.read_text())
    ]
    assert found == []


def test_mails_say_nothing_without_translate() -> None:
    paths = templates(".txt")
    assert paths
    found = [(path.name, text) for path in paths for text in unwrapped.in_mail(path.read_text())]
    assert found == []


def test_scripts_take_their_words_from_the_page() -> None:
    paths = sorted((ROOT / "static").rglob("*.js"))
    assert paths
    found = [(path.name, text) for path in paths for text in unwrapped.in_script(path.read_text())]
    assert found == []


def test_every_field_that_people_see_has_a_name_in_their_language() -> None:
    bare = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in OUR_APPS
        for field in model._meta.fields
        if field.editable
        and not isinstance(field, models.AutoField)
        and not isinstance(field.verbose_name, Promise)
    ]
    assert bare == []


# -- the checks find what they are for ----------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        'models.CharField("name")',
        'models.CharField(verbose_name="name")',
        'forms.CharField(label="E-mail address")',
        'forms.CharField(help_text=f"At most {most} players")',
        'raise ValidationError("This is wrong.")',
        'messages.success(request, "Saved it")',
        'form.add_error(None, "No such thing")',
        '@admin.display(description="state")\ndef state(): ...',
        'class Colour(models.TextChoices):\n    RED = "red", "Red"',
        'class Meta:\n    verbose_name = "site"',
        'class Kind(SimpleListFilter):\n    title = "kind"',
    ],
)
def test_a_bare_text_in_python_is_found(code: str) -> None:
    assert list(unwrapped.in_python(code))


@pytest.mark.parametrize(
    "code",
    [
        'models.CharField(_("name"))',
        'models.ForeignKey("platforms.Platform")',
        'log.error("It broke: %s", error)',
        'class Process(models.TextChoices):\n    UP = "up"',
        'class Colour(models.TextChoices):\n    RED = "red", _("Red")',
        'raise ValidationError(_("This is wrong."), "code")',
    ],
)
def test_what_is_wrapped_or_not_for_people_is_left_alone(code: str) -> None:
    assert list(unwrapped.in_python(code)) == []


def test_a_bare_text_in_a_template_is_found() -> None:
    page = (
        '<p title="Bare title">{% translate "Wrapped" %} bare text</p>'
        '<input placeholder="{% translate "Fine" %}">'
        "{% blocktranslate %}Wrapped {{ too }}{% endblocktranslate %}"
        '<span class="material-symbols-outlined">monitor_heart</span>'
    )
    assert list(unwrapped.in_template(page)) == ["Bare title", "bare text"]
    assert list(unwrapped.in_mail("{% translate 'Fine' %}\nbare line {{ link }}")) == ["bare line"]


def test_a_sentence_in_a_script_is_found() -> None:
    assert list(unwrapped.in_script('say("Not good"); find("form select"); "use strict";')) == [
        "Not good"
    ]
