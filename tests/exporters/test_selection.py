"""Which players a search finds, and by which questions to the database."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exporters import live
from exporters.live import DeviceFilters
from exporters.models import Exporter
from platforms.models import User
from tests import factories

pytestmark = pytest.mark.django_db
MAC = "06:42:40:92:60:B4"


def found(person: User, text: str) -> list[str]:
    page = live.devices_page(person, DeviceFilters(search=text))
    return [device.name for device in page.devices]


@pytest.mark.both_databases
@pytest.mark.parametrize("spelling", [MAC, "06-42-40-92-60-b4", "0642.4092.60b4", " 0642409260B4 "])
def test_a_whole_mac_finds_its_player_by_an_index_alone(
    alice: User, exporter_a: Exporter, spelling: str
) -> None:
    factories.make_mac(exporter_a, MAC, "Hall")
    factories.make_mac(exporter_a, name=f"beside {MAC}")
    with CaptureQueriesContext(connection) as captured:
        assert found(alice, spelling) == ["Hall"]
    questions = " ".join(each["sql"] for each in captured.captured_queries)
    assert MAC in questions
    assert "LIKE" not in questions.upper()


@pytest.mark.both_databases
def test_a_whole_mac_that_nobody_has_is_looked_for_in_names(
    alice: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    factories.make_mac(exporter_b, MAC, "of another platform")
    factories.make_mac(exporter_a, name=f"beside {MAC}")
    assert found(alice, MAC) == [f"beside {MAC}"]


def test_a_search_of_few_players_reads_their_table_once(alice: User, exporter_a: Exporter) -> None:
    for name in ("Hall 1", "Hall 2", "Door"):
        factories.make_mac(exporter_a, name=name)
    with CaptureQueriesContext(connection) as captured:
        assert found(alice, "hall") == ["Hall 1", "Hall 2"]
    assert sum("LIKE" in each["sql"].upper() for each in captured.captured_queries) == 1


def test_a_search_that_finds_many_is_counted_in_whole(
    alice: User, exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_FOUND", 2)
    for number in range(5):
        factories.make_mac(exporter_a, name=f"Hall {number}")
    page = live.devices_page(alice, DeviceFilters(search="hall"), page=2, size=3)
    assert (page.total, [device.name for device in page.devices]) == (5, ["Hall 3", "Hall 4"])
