"""Players in the order of their addresses, by rows that follow the vendors; search by them."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exporters import addresses, enrolment, live, sightings
from exporters.entries import Entry
from exporters.live import DeviceFilters, DevicesPage, State, Why
from exporters.models import Exporter, ExporterMac, Player
from platforms.audit import SYSTEM
from platforms.models import Platform, User
from tests import factories
from tests.exporters.watched_world import INFO, STATUS, Scripted, World, sample, source

pytestmark = pytest.mark.django_db


def names(page: DevicesPage) -> str:
    return "".join(device.name for device in page.devices)


def shown(person: User, order: str, **asked: object) -> str:
    filters = DeviceFilters(order=order, **asked)  # type: ignore[arg-type]
    return names(live.devices_page(person, filters))


def type_in(exporter: Exporter, **typed: str | None) -> dict[str, ExporterMac]:
    """Enrol addresses by name, each with a typed IP."""
    entries = [
        Entry(0, factories.mac_of(10**6 + number), name, ip, None)
        for number, (name, ip) in enumerate(typed.items())
    ]
    enrolment.enrol(exporter, entries, SYSTEM)
    return {row.name: row for row in exporter.macs.select_related("player")}


@pytest.fixture
def told(world: World, exporter_a: Exporter) -> dict[str, Player]:
    """Make players named by a letter, with the addresses that Prometheus knows, and go a round."""
    of_vendor = {
        "a": ("10.0.0.10", "94.72.61.150"),
        "b": ("10.0.0.9", "94.72.61.150"),
        "c": ("", ""),
        "d": ("fe80::1", "94.72.7.1"),
        "e": ("n/a", "300.1.1.1"),
        "f": ("2.0.0.1", ""),
    }
    rows = {name: factories.make_mac(exporter_a, name=name).player for name in of_vendor}
    world.say(
        [
            source(exporter_a),
            *(
                sample(INFO, rows[name], 1, name="", ip=ip, outip=outip)
                for name, (ip, outip) in of_vendor.items()
            ),
            *(sample(STATUS, rows[name], int(name in "abf")) for name in rows),
        ]
    )
    assert sightings.record(timezone.now()).moved == 5
    return rows


@pytest.mark.both_databases
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


@pytest.mark.both_databases
def test_filters_search_and_pages_hold_in_the_order_of_addresses(
    told: dict[str, Player], alice: User
) -> None:
    assert shown(alice, "ip", state=State.ONLINE) == "fba"
    assert shown(alice, "-ip", state=State.OFFLINE) == "dce"
    assert shown(alice, "ip", search="10.0.0.") == "ba"
    assert shown(alice, "-ip", search="94.72.") == "dab"
    assert shown(alice, "name", search="FE80:") == "d"
    for number, letters in enumerate(("fb", "ad", "ce"), start=1):
        page = live.devices_page(alice, DeviceFilters(order="ip"), page=number, size=2)
        assert (names(page), page.total) == (letters, 6)
    assert names(live.devices_page(alice, DeviceFilters(order="-ip"), page=2, size=3)) == "fce"
    described = live.every_device(alice, DeviceFilters(order="ip"))
    assert "".join(device.name for device in described) == "fbadce"


@pytest.mark.both_databases
def test_a_typed_address_counts_where_the_vendor_tells_none(
    world: World, alice: User, exporter_a: Exporter
) -> None:
    rows = type_in(exporter_a, a="10.0.0.30", b="10.0.0.20", c="10.0.0.1")
    assert shown(alice, "ip") == "cba"
    of_c = sample(INFO, rows["c"].player, 1, name="", ip="10.0.0.25", outip="")
    world.say([source(exporter_a), of_c])
    assert sightings.record(timezone.now()).moved == 1
    assert shown(alice, "ip") == "bca"
    assert shown(alice, "ip", search="10.0.0.1") == ""
    enrolment.change(rows["c"], {"ip": "10.0.0.99"}, SYSTEM)
    enrolment.change(rows["b"], {"ip": "10.0.0.40"}, SYSTEM)
    assert shown(alice, "ip") == "cab"
    world.say([source(exporter_a), sample(INFO, rows["c"].player, 1, name="", ip="", outip="")])
    assert [sightings.record(timezone.now()).moved for _turn in range(2)] == [1, 0]
    assert shown(alice, "-ip") == "cba"


def test_what_was_told_last_counts_when_nothing_is_told_any_more(
    told: dict[str, Player], world: World, alice: User, exporter_a: Exporter
) -> None:
    world.say([source(exporter_a)])
    assert sightings.record(timezone.now()).moved == 0
    page = live.devices_page(alice, DeviceFilters(order="ip"))
    assert [device.ip for device in page.devices][:3] == ["2.0.0.1", "10.0.0.9", "10.0.0.10"]
    assert names(page) == "fbadce"


def test_without_prometheus_the_typed_addresses_that_are_shown_are_sorted(
    alice: User, exporter_a: Exporter
) -> None:
    type_in(exporter_a, a="10.0.0.30", b=None, c="10.0.0.4")
    page = live.devices_page(alice, DeviceFilters(order="ip"))
    assert (names(page), page.outage) == ("cab", Why.PROMETHEUS_AWAY)
    assert shown(alice, "ip", state=State.UNKNOWN) == "cab"
    assert shown(alice, "ip", state=State.ONLINE) == ""


@pytest.mark.both_databases
def test_addresses_that_were_typed_by_an_earlier_version_find_their_places(
    scripted: Scripted, alice: User, exporter_a: Exporter
) -> None:
    type_in(exporter_a, a="10.0.0.30", b="10.0.0.4", c=None)
    Player.objects.update(ip_place="")
    assert shown(alice, "ip") == "abc"
    assert [sightings.record(timezone.now()).moved for _turn in range(2)] == [2, 0]
    assert shown(alice, "ip") == "bac"


def test_a_player_that_is_typed_again_has_no_address_of_before(
    told: dict[str, Player], alice: User, exporter_a: Exporter
) -> None:
    gone = told["f"]
    enrolment.withdraw(exporter_a, [gone.identity], SYSTEM)
    enrolment.enrol(exporter_a, [Entry(0, gone.identity, "f", "10.0.0.200", None)], SYSTEM)
    gone.refresh_from_db()
    assert (gone.told_ip, gone.ip_place) == ("", addresses.place("10.0.0.200"))
    assert shown(alice, "ip") == "bafdce"


def test_a_player_that_moves_back_takes_the_typed_address_with_it(
    told: dict[str, Player], alice: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    other = factories.make_exporter(platform_a, "other")
    enrolment.change(told["f"].mac, {"ip": "10.0.0.200"}, SYSTEM)
    earlier = factories.make_player(
        other, told["f"].identity, retired_at=timezone.now(), told_ip="1.1.1.1"
    )
    enrolment.move(ExporterMac.objects.get(mac=earlier.identity), other, SYSTEM)
    earlier.refresh_from_db()
    assert (earlier.told_ip, earlier.ip_place) == ("", addresses.place("10.0.0.200"))


def test_a_round_writes_addresses_where_they_changed_alone_and_a_bounded_number(
    world: World, exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "MOST_MOVES", 2)
    rows = [factories.make_mac(exporter_a).player for _number in range(3)]
    told = [sample(INFO, row, 1, name="", ip=f"10.0.0.{row.pk % 250}", outip="") for row in rows]
    # Of two processes always the same word, or its row would be written every round.
    told.append(sample(INFO, rows[0], 1, name="", ip="9.9.9.9", outip="", process="b"))
    world.say(told)
    now = timezone.now()
    assert [sightings.record(now, with_names=False).moved for _turn in range(3)] == [2, 1, 0]
    with CaptureQueriesContext(connection) as captured:
        sightings.record(now)
    assert not [each for each in captured if "UPDATE" in each["sql"]]


# One more on the page where the addresses end.
@pytest.mark.parametrize(("order", "database"), [("ip", 8), ("-outip", 7)])
def test_the_order_costs_the_same_at_10_and_at_1000_players(
    scripted: Scripted, alice: User, exporter_a: Exporter, order: str, database: int
) -> None:
    for number in (10, 1000):
        factories.make_mac(exporter_a, ip="10.0.0.1")
        type_in(exporter_a, **{f"{at}": f"10.0.{at >> 8}.{at & 255}" for at in range(1, number)})
        cache.clear()
        scripted.questions.clear()
        with CaptureQueriesContext(connection) as captured:
            page = live.devices_page(alice, DeviceFilters(order=order), size=1000)
        assert len(page.devices) == number
        assert (len(captured), len(scripted.questions)) == (database, 2)
        Player.objects.all().delete()


def test_places_are_in_the_order_of_numbers() -> None:
    texts = ["2.0.0.1", "10.0.0.9", " 10.0.0.10 ", "255.255.255.255", "::1", "FE80::1", "fe80::2%1"]
    places = [addresses.place(text) for text in texts]
    assert places == sorted(set(places))
    assert {addresses.place(text) for text in (None, "", "n/a", "300.1.1.1", "10.0.0")} == {""}
    assert (addresses.shown("told", "typed"), addresses.shown("", "typed")) == ("told", "typed")
