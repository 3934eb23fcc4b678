"""A search finds names however they are capitalised, in every alphabet, on both databases."""

import pytest
from django.db.models import F

from exporters.models import Exporter
from platforms.models import Platform, Site, User
from tests import factories
from tests.conftest import ClientOf

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

SPELLINGS = ("ТЦ Ёлка", "тц ёлка", "ТЦ ЁЛКА", "тЦ ёЛкА", "Ц Ё")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_list_finds_cyrillic_however_it_is_spelled(
    alice: User, exporter_a: Exporter, client_of: ClientOf, spelling: str
) -> None:
    factories.make_mac(exporter_a, name="Экран ТЦ Ёлка")
    factories.make_player(exporter_a, name="Экран в ТЦ Ёлка")
    factories.make_site(exporter_a.platform, "ТЦ Ёлка на Мира")
    browser = client_of(alice)
    for page in ("exporters/exportermac", "platforms/site"):
        answer = browser.get(f"/admin/{page}/", {"q": spelling})
        assert len(answer.context["cl"].result_list) == 1, page
    answer = browser.get("/admin/exporters/player/", {"q": spelling})
    assert "Экран в ТЦ Ёлка" in answer.content.decode()


@pytest.mark.parametrize("lookup", ["icontains", "iexact", "istartswith", "iendswith"])
def test_every_comparison_without_case_folds_both_sides(platform_a: Platform, lookup: str) -> None:
    factories.make_site(platform_a, "ЁЛКА")
    assert Site.objects.filter(**{f"name__{lookup}": "ёлка"}).exists()
    assert not Site.objects.filter(**{f"name__{lookup}": "ёлки"}).exists()


@pytest.mark.parametrize("lookup", ["icontains", "istartswith", "iendswith"])
def test_a_column_is_compared_with_a_column_without_case(platform_a: Platform, lookup: str) -> None:
    site = factories.make_site(platform_a, "ЁЛКА")
    Site.objects.filter(pk=site.pk).update(address="ёлка")
    assert Site.objects.filter(**{f"name__{lookup}": F("address")}).exists()


def test_signs_of_a_pattern_stand_for_themselves(platform_a: Platform) -> None:
    factories.make_site(platform_a, "Ряд 100%_а")
    assert Site.objects.filter(name__icontains="ряд 100%_А").exists()
    assert not Site.objects.filter(name__icontains="р%д").exists()
    assert not Site.objects.filter(name__icontains="р_д").exists()


def test_numbers_and_nothing_are_searched_as_before(exporter_a: Exporter) -> None:
    player = factories.make_player(exporter_a)
    found = Exporter.objects.filter(pk__icontains=str(exporter_a.pk))
    assert list(found) == [exporter_a]
    assert player.site_id is None
    assert not type(player).objects.filter(site__name__icontains="").exists()
