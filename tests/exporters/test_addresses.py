"""Players in the order of addresses that Prometheus alone knows."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exporters import live
from exporters.live import DeviceFilters, DevicesPage, State, Why
from exporters.models import Exporter, Player
from platforms.models import User
from tests import factories
from tests.exporters.watched_world import INFO, STATUS, Scripted, World, sample, source

pytestmark = pytest.mark.django_db


def names(page: DevicesPage) -> str:
    return "".join(device.name for device in page.devices)


def shown(person: User, order: str, **asked: object) -> str:
    filters = DeviceFilters(order=order, **asked)  # type: ignore[arg-type]
    return names(live.devices_page(person, filters))


@pytest.fixture
def told(world: World, exporter_a: Exporter) -> dict[str, Player]:
    """Make players named by a letter, with the addresses that Prometheus knows."""
    addresses = {
        "a": ("10.0.0.10", "94.72.61.150"),
        "b": ("10.0.0.9", "94.72.61.150"),
        "c": ("", ""),
        "d": ("fe80::1", "94.72.7.1"),
        "e": ("n/a", "300.1.1.1"),
        "f": ("2.0.0.1", ""),
    }
    rows = {name: factories.make_mac(exporter_a, name=name).player for name in addresses}
    world.say(
        [
            source(exporter_a),
            *(
                sample(INFO, rows[name], 1, name="", ip=ip, outip=outip)
                for name, (ip, outip) in addresses.items()
            ),
            *(sample(STATUS, rows[name], int(name in "abf")) for name in rows),
        ]
    )
    return rows


def test_addresses_are_sorted_as_numbers_and_players_without_one_are_last(
    told: dict[str, Player], alice: User
) -> None:
    assert shown(alice, "ip") == "fbadce"
    assert shown(alice, "-ip") == "dabfce"


def test_players_of_one_address_stay_in_the_order_of_their_names(
    told: dict[str, Player], alice: User
) -> None:
    assert shown(alice, "outip") == "dabcef"
    assert shown(alice, "-outip") == "abdcef"


def test_filters_and_pages_hold_in_the_order_of_addresses(
    told: dict[str, Player], alice: User, exporter_a: Exporter
) -> None:
    assert shown(alice, "ip", state=State.ONLINE) == "fba"
    assert shown(alice, "-ip", state=State.OFFLINE) == "dce"
    assert shown(alice, "ip", search="10.0.0.") == "ba"
    page = live.devices_page(alice, DeviceFilters(order="ip"), page=2, size=4)
    assert (names(page), page.total, page.unsorted) == ("ce", 6, False)
    described = live.every_device(alice, DeviceFilters(order="ip"))
    assert "".join(device.name for device in described) == "fbadce"


def test_a_typed_address_counts_where_the_vendor_tells_none(
    world: World, alice: User, exporter_a: Exporter
) -> None:
    typed = {"a": "10.0.0.30", "b": "10.0.0.20", "c": "10.0.0.1"}
    rows = {name: factories.make_mac(exporter_a, name=name, ip=ip) for name, ip in typed.items()}
    of_c = sample(INFO, rows["c"].player, 1, name="", ip="10.0.0.25", outip="")
    world.say([source(exporter_a), of_c])
    assert shown(alice, "ip") == "bca"


def test_without_prometheus_the_typed_addresses_that_are_shown_are_sorted(
    alice: User, exporter_a: Exporter
) -> None:
    for name, ip in {"a": "10.0.0.30", "b": None, "c": "10.0.0.4"}.items():
        factories.make_mac(exporter_a, name=name, ip=ip)
    page = live.devices_page(alice, DeviceFilters(order="ip"))
    assert (names(page), page.outage) == ("cab", Why.PROMETHEUS_AWAY)
    assert shown(alice, "ip", state=State.UNKNOWN) == "cab"
    assert shown(alice, "ip", state=State.ONLINE) == ""


def test_too_many_players_stay_by_name_and_the_page_knows_it(
    scripted: Scripted, alice: User, exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "FEW", 3)
    for name in ("z4", "z3", "z2", "z1"):  # no MAC has a z
        factories.make_mac(exporter_a, name=name, ip=f"10.0.0.{name[1]}")
    live.devices_page(alice, DeviceFilters(order="name"))
    usual = len(scripted.questions)
    page = live.devices_page(alice, DeviceFilters(order="-ip"))
    assert (names(page), page.total, page.unsorted) == ("z1z2z3z4", 4, True)
    assert len(scripted.questions) == usual + 1  # nobody asked for the addresses of all
    narrowed = live.devices_page(alice, DeviceFilters(order="-ip", search="z3"))
    assert (names(narrowed), narrowed.unsorted) == ("z3", False)


@pytest.mark.parametrize("order", ["ip", "-outip"])
def test_the_order_costs_the_same_at_10_and_at_1000_players(
    scripted: Scripted, alice: User, exporter_a: Exporter, order: str
) -> None:
    for number in (10, 1000):
        rows = [factories.make_mac(exporter_a).player for _row in range(number)]
        key = {"platform_id": str(exporter_a.platform_id), "exporter_id": str(exporter_a.pk)}
        scripted.vector = [
            ({"__name__": INFO, "mac": row.identity, "ip": f"10.0.{at >> 8}.{at & 255}", **key}, 1)
            for at, row in enumerate(rows)
        ]
        cache.clear()
        scripted.questions.clear()
        with CaptureQueriesContext(connection) as captured:
            page = live.devices_page(alice, DeviceFilters(order=order), size=1000)
        assert len(page.devices) == number
        assert (len(captured), len(scripted.questions)) == (6, 3)
        Player.objects.all().delete()
