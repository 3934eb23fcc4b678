"""Times read the same way on every page: one zone, 24 hours, no order that could be misread."""

from datetime import UTC, date, datetime

import pytest
from django import forms
from django.template import engines
from django.utils import translation
from pytest_django import Settings

from exporters.templatetags.devices import local
from platforms.models import User
from tests.conftest import ClientOf

AFTERNOON = datetime(2026, 2, 11, 12, 5, 9, tzinfo=UTC)
WRITTEN = {"en": "2026-02-11 15:05", "ru": "11.02.2026 15:05"}
DAYS = {"en": "2026-02-11", "ru": "11.02.2026"}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_moment_is_written_in_the_zone_of_the_server_and_by_24_hours(language: str) -> None:
    with translation.override(language):
        assert local(AFTERNOON) == WRITTEN[language]
        page = engines["django"].from_string("{{ at }}|{{ at|date:'SHORT_DATETIME_FORMAT' }}")
        assert page.render({"at": AFTERNOON}) == f"{WRITTEN[language]}|{WRITTEN[language]}"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_form_shows_a_day_as_pages_do_and_reads_it_back(language: str) -> None:
    with translation.override(language):
        field = forms.DateField()
        assert f'value="{DAYS[language]}"' in field.widget.render("day", date(2026, 2, 11))
        assert field.clean(DAYS[language]) == field.clean("2026-02-11") == date(2026, 2, 11)


def test_an_american_day_is_refused() -> None:
    with translation.override("en"), pytest.raises(forms.ValidationError):
        forms.DateField().clean("02/11/2026")


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/admin/", "/admin/exporters/player/"])
def test_the_clock_of_a_page_runs_in_the_zone_of_its_other_times(
    address: str, bob: User, client_of: ClientOf, settings: Settings
) -> None:
    """The script writes the hour of the last refresh; the browser may be elsewhere."""
    page = client_of(bob).get(address).content.decode()
    assert f'data-zone="{settings.TIME_ZONE}"' in page
