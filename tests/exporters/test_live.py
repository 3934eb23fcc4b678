"""Rows and a real Prometheus, united: what a page says of each player."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from exporters import live, sightings
from exporters.live import DeviceFilters, DevicesPage, State, Why
from exporters.models import Exporter, ExporterProcess, Player
from platforms.models import Machine, Platform, TokenKind, User
from tests import factories
from tests.exporters.watched_world import INFO, STATUS, UNKNOWN, Scripted, World, sample, source
from tests.far_side import answer, saying, talking

pytestmark = pytest.mark.django_db
STATES = {State.ONLINE: 1, State.OFFLINE: 0}


def read(page: DevicesPage) -> dict[str, tuple[str, str | None]]:
    return {
        each.name: (each.state.value, each.verdict.why and each.verdict.why.value)
        for each in page.devices
    }


def names(page: DevicesPage) -> list[str]:
    return [device.name for device in page.devices]


def players(exporter: Exporter, *names: str, **fields: object) -> list[Player]:
    return [factories.make_mac(exporter, name=name).player for name in names]


# -- states and reasons -------------------------------------------------------------------------


def test_it_shows_each_player_as_prometheus_says(
    world: World, alice: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    on, off, odd, twice, lost, broken, _silent, gone = players(
        exporter_a, "on", "off", "odd", "twice", "lost", "broken", "silent", "gone"
    )
    Player.objects.filter(pk=gone.pk).update(last_seen=timezone.now() - timedelta(hours=2))
    disabled = factories.make_exporter(platform_a, "disabled", enabled=False)
    (asleep,) = players(disabled, "asleep")
    down = factories.make_exporter(platform_a, "down")
    (cut,) = players(down, "cut")
    new = factories.make_exporter(platform_a, "new")
    players(new, "fresh")
    world.say(
        [
            source(exporter_a),
            source(down, 0),
            sample(STATUS, on, "1.0"),
            sample(STATUS, off, "0.0"),
            sample(STATUS, odd, "3"),
            sample(STATUS, twice, 1, process="a"),
            sample(STATUS, twice, 0, process="b"),
            sample(UNKNOWN, lost, 1, reason="not_found"),
            sample(UNKNOWN, broken, 1, reason="malformed"),
            sample(STATUS, asleep, 0),
            sample(INFO, cut, 1, name="cut", ip="10.0.0.9", outip=""),
        ]
    )
    page = live.devices_page(alice, DeviceFilters())
    assert page.outage is None
    assert read(page) == {
        "on": ("online", None),
        "off": ("offline", None),
        "odd": ("unknown", "odd_sample"),
        "twice": ("unknown", "contradiction"),
        "lost": ("unknown", "not_found"),
        "broken": ("unknown", "odd_answer"),
        "silent": ("unknown", "not_polled"),
        "gone": ("unknown", "stale"),
        "asleep": ("unknown", "exporter_disabled"),
        "cut": ("unknown", "source_down"),
        "fresh": ("unknown", "not_polled"),
    }
    assert next(each.ip for each in page.devices if each.name == "cut") == "10.0.0.9"


def test_a_vanished_sample_makes_a_player_unknown_and_never_offline(
    world: World, alice: User, exporter_a: Exporter
) -> None:
    (player,) = players(exporter_a, "Hall")
    world.say([source(exporter_a), sample(STATUS, player, 1)])
    assert read(live.devices_page(alice, DeviceFilters())) == {"Hall": ("online", None)}
    world.say([source(exporter_a, 0)])
    page = live.devices_page(alice, DeviceFilters())
    assert read(page) == {"Hall": ("unknown", "source_down")}


def test_an_inactive_platform_is_unknown_whatever_prometheus_holds(
    world: World, root: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    (player,) = players(exporter_a, "Hall")
    world.say([source(exporter_a), sample(STATUS, player, 0)])
    Platform.objects.filter(pk=platform_a.pk).update(active=False)
    page = live.devices_page(root, DeviceFilters())
    assert read(page) == {"Hall": ("unknown", "platform_inactive")}


@pytest.mark.parametrize(
    ("process", "why"),
    [
        (None, "not_polled"),  # scraped although nobody announced it
        ("cubic-1", "not_polled"),
        ("cubic-9", "not_scraped"),
    ],
)
def test_it_says_how_the_exporter_process_stands(
    world: World, alice: User, exporter_a: Exporter, process: str | None, why: str
) -> None:
    players(exporter_a, "Hall")
    if process:
        if process != "cubic-1":
            # This one is announced, the scraped one serves another platform.
            announce("cubic-1", factories.make_platform())
        announce(process, None)
    world.say([])
    assert read(live.devices_page(alice, DeviceFilters())) == {"Hall": ("unknown", why)}


def announce(instance: str, limited_to: Platform | None) -> None:
    ExporterProcess.objects.create(
        kind="cubic",
        instance=instance,
        address=f"127.0.0.1:{instance[-1]}",
        limited_to=limited_to,
    )


def test_without_any_process_it_says_so(
    scripted: Scripted, alice: User, exporter_a: Exporter
) -> None:
    players(exporter_a, "Hall")
    assert read(live.devices_page(alice, DeviceFilters())) == {"Hall": ("unknown", "no_process")}
    scripted.vector = [({"__name__": "up", "kind": "cubic", "instance": "cubic-1"}, 0)]
    assert read(live.devices_page(alice, DeviceFilters())) == {"Hall": ("unknown", "process_down")}


# -- when Prometheus is away --------------------------------------------------------------------


def test_everything_is_unknown_while_prometheus_is_away(alice: User, exporter_a: Exporter) -> None:
    players(exporter_a, "Hall")
    page = live.devices_page(alice, DeviceFilters())  # nobody listens at the tests' own address
    assert (page.outage, read(page)) == (
        Why.PROMETHEUS_AWAY,
        {"Hall": ("unknown", "prometheus_away")},
    )
    assert "127.0.0.1:9" in page.fault


@pytest.mark.parametrize(
    "far_side",
    [
        answer(b"<html>It works!</html>"),
        answer(b"", "500 Internal Server Error"),
        answer(b'{"status":"success","data":{"resultType":"vector","result":[{"metric":7}]}}'),
        answer(b"", "302 Found", "Location: http://127.0.0.1:1/"),
        b"\x00\x01garbage\r\n\r\n",
    ],
)
def test_a_server_that_is_no_prometheus_is_an_outage_in_plain_words(
    far_side: bytes, alice: User, exporter_a: Exporter, settings: Settings
) -> None:
    players(exporter_a, "Hall")
    with talking(saying(far_side)) as url:
        settings.PROMETHEUS_URL = url
        page = live.devices_page(alice, DeviceFilters())
    assert page.outage is Why.PROMETHEUS_AWAY
    assert page.fault
    assert read(page) == {"Hall": ("unknown", "prometheus_away")}


def test_a_hanging_prometheus_makes_one_page_wait_and_no_more(
    alice: User, exporter_a: Exporter, settings: Settings
) -> None:
    players(exporter_a, "Hall")
    with talking(lambda connection, head: time.sleep(8)) as url:
        settings.PROMETHEUS_URL = url
        began = time.monotonic()
        assert live.devices_page(alice, DeviceFilters()).outage is Why.PROMETHEUS_AWAY
        first = time.monotonic() - began
        for _turn in range(3):
            assert live.devices_page(alice, DeviceFilters()).outage is Why.PROMETHEUS_AWAY
        later = time.monotonic() - began - first
    assert first < 5.5
    assert later < 1


def test_a_partial_answer_proves_nothing(
    scripted: Scripted, alice: User, exporter_a: Exporter
) -> None:
    (player,) = players(exporter_a, "Hall")
    scripted.vector = [(labels(player, STATUS), 0)]
    assert read(live.devices_page(alice, DeviceFilters())) == {"Hall": ("offline", None)}
    scripted.more = {"warnings": ["a store is away"]}
    page = live.devices_page(alice, DeviceFilters())
    assert read(page) == {"Hall": ("unknown", "prometheus_partial")}
    assert page.fault == "a store is away"


def labels(player: Player, name: str) -> dict[str, str]:
    return {
        "__name__": name,
        "platform_id": str(player.platform_id),
        "exporter_id": str(player.exporter_id),
        "mac": player.identity,
    }


# -- whose players ------------------------------------------------------------------------------


def test_series_of_another_platform_say_nothing_about_ones_own(
    world: World, alice: User, charlie: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    (mine,) = players(exporter_a, "mine")
    theirs = factories.make_mac(exporter_b, mine.identity, "theirs").player
    world.say(
        [
            source(exporter_a),
            source(exporter_b),
            sample(STATUS, theirs, 1),
            # A process of B that names A's exporter, and one that names A's platform for its own.
            sample(STATUS, mine, 0, platform_id=str(theirs.platform_id)),
            sample(STATUS, theirs, 0, platform_id=str(mine.platform_id)),
        ]
    )
    assert read(live.devices_page(alice, DeviceFilters())) == {"mine": ("unknown", "not_polled")}
    assert read(live.devices_page(charlie, DeviceFilters())) == {"theirs": ("online", None)}
    for filters in (
        DeviceFilters(platform_id=mine.platform_id),
        DeviceFilters(exporter_id=exporter_a.pk),
        DeviceFilters(search="mine"),
    ):
        assert live.devices_page(charlie, filters).total == 0
    assert live.devices_page(charlie, DeviceFilters(state=State.UNKNOWN)).total == 0


def test_every_question_about_players_names_their_platforms(
    scripted: Scripted, root: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    players(exporter_a, "a")
    players(exporter_b, "b")
    for filters in (DeviceFilters(), DeviceFilters(state=State.ONLINE, search="10.1.")):
        live.devices_page(root, filters)
    ids = f'platform_id=~"{exporter_a.platform_id}|{exporter_b.platform_id}"'
    for question in scripted.questions:
        for part in question["query"].split(" or "):
            assert ids in part or part.startswith("up{kind=")


def test_a_machine_sees_active_platforms_alone(platform_a: Platform, exporter_a: Exporter) -> None:
    players(exporter_a, "Hall")
    token, _secret = factories.make_token(TokenKind.EXPORTER, platform=platform_a)
    assert live.devices_page(Machine(token), DeviceFilters()).total == 1
    Platform.objects.filter(pk=platform_a.pk).update(active=False)
    assert live.devices_page(Machine(token), DeviceFilters()).total == 0


# -- what a page costs --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "database", "questions"),
    [
        (DeviceFilters(), 6, 2),
        (DeviceFilters(order="-exporter"), 6, 2),
        (DeviceFilters(state=State.OFFLINE), 6, 3),
        (DeviceFilters(order="status"), 6, 4),
        (DeviceFilters(search="10.0."), 5, 2),
        (DeviceFilters(order="ip"), 7, 2),
    ],
)
def test_a_page_costs_the_same_at_10_and_at_1000_rows(
    scripted: Scripted,
    alice: User,
    exporter_a: Exporter,
    filters: DeviceFilters,
    database: int,
    questions: int,
) -> None:
    for number, size in ((10, 10), (1000, 1000)):
        rows = [factories.make_mac(exporter_a, ip="10.0.0.1").player for _row in range(number)]
        scripted.vector = [(labels(row, STATUS), 0) for row in rows]
        cache.clear()
        scripted.questions.clear()
        with CaptureQueriesContext(connection) as captured:
            page = live.devices_page(alice, filters, size=size)
        assert len(page.devices) == number
        assert (len(captured), len(scripted.questions)) == (database, questions)
        Player.objects.all().delete()


def test_a_range_has_fewer_points_a_line_where_there_are_more_lines(
    scripted: Scripted, alice: User, exporter_a: Exporter
) -> None:
    for rows in (1, 50, 400):
        Player.objects.all().delete()
        players(exporter_a, *map(str, range(rows)))
        scripted.questions.clear()
        live.devices_page(alice, DeviceFilters(), size=1000)
        (question,) = (each for each in scripted.questions if each["path"].endswith("query_range"))
        window = float(question["end"]) - float(question["start"])
        assert rows * window / float(question["step"]) <= 24_000
        assert window >= 6 * 3600


def test_whole_platforms_are_asked_about_once_in_ten_seconds(
    scripted: Scripted, alice: User, exporter_a: Exporter
) -> None:
    players(exporter_a, "Hall")
    live.devices_page(alice, DeviceFilters(order="status"))
    asked = len(scripted.questions)
    live.devices_page(alice, DeviceFilters(order="status"))
    assert len(scripted.questions) - asked == 1


def test_a_page_asks_once_about_now_and_once_a_minute_about_before(
    scripted: Scripted, alice: User, exporter_a: Exporter
) -> None:
    (player,) = players(exporter_a, "Hall")
    scripted.vector = [(labels(player, STATUS), 0)]
    now = datetime(2026, 11, 21, 12, 0, 10, tzinfo=UTC)

    def asked(seconds: int, value: int = 0) -> list[str]:
        scripted.vector = [(labels(player, STATUS), value)]
        scripted.questions.clear()
        page = live.devices_page(alice, DeviceFilters(), now=now + timedelta(seconds=seconds))
        assert (page.outage, page.devices[0].state) == (None, list(STATES)[1 - value])
        return [each["path"].removeprefix("/api/v1/") for each in scripted.questions]

    assert asked(0) == ["query", "query_range"]
    assert asked(45) == ["query"]
    assert asked(45, value=1) == ["query", "query_range"]  # another state began at another time
    assert asked(45) == ["query"]
    assert asked(55) == ["query", "query_range"]


def test_weeks_are_asked_about_once_for_as_long_as_somebody_looks(
    scripted: Scripted, alice: User, exporter_a: Exporter
) -> None:
    (player,) = players(exporter_a, "Hall")
    scripted.vector = [(labels(player, STATUS), 1)]
    now = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)
    noon = now.timestamp() // 3600 * 3600
    scripted.lines = [(labels(player, STATUS), [(noon - 900 * n, 1) for n in range(24 * 14 * 4)])]
    counts = []
    for minutes in (0, 1, 2):
        scripted.questions.clear()
        page = live.devices_page(alice, DeviceFilters(), now=now + timedelta(minutes=minutes))
        assert page.devices[0].since_at_least
        counts.append(len(scripted.questions))
    assert counts == [3, 2, 2]


def test_the_page_of_one_player_asks_twice_about_now_and_once_about_its_day(
    scripted: Scripted, exporter_a: Exporter
) -> None:
    (player,) = players(exporter_a, "Hall")
    scripted.vector = [(labels(player, STATUS), 1)]
    live.device_detail(Player.objects.get(pk=player.pk))
    paths = [each["path"].removeprefix("/api/v1/") for each in scripted.questions]
    assert paths == ["query", "query_range", "query"]


# -- since when ---------------------------------------------------------------------------------


def test_it_tells_since_when_to_a_scrape(world: World, alice: User, exporter_a: Exporter) -> None:
    (player,) = players(exporter_a, "Hall")
    world.say([source(exporter_a), sample(STATUS, player, 1)])
    before = timezone.now()
    world.say([source(exporter_a), sample(STATUS, player, 0)])
    (device,) = live.devices_page(alice, DeviceFilters()).devices
    assert device.since is not None
    assert before - timedelta(minutes=1) <= device.since <= timezone.now()
    assert not device.since_at_least


def test_an_old_state_is_traced_back_over_weeks(
    scripted: Scripted, alice: User, exporter_a: Exporter
) -> None:
    (player,) = players(exporter_a, "Hall")
    now = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)
    noon = now.timestamp() // 60 * 60
    scripted.vector = [(labels(player, STATUS), 0)]
    # The scripted one gives the same line to both questions: offline for three days.
    began = noon - 3 * 86400
    line = [(began - 3600, 1), *((began + 3600 * n, 0) for n in range(73))]
    near = [(noon - 60 * n, 0) for n in range(360, -1, -1)]
    scripted.lines = [(labels(player, STATUS), sorted({*line, *near}))]
    (device,) = live.devices_page(alice, DeviceFilters(), now=now).devices
    assert device.since == datetime.fromtimestamp(began, UTC)
    assert not device.since_at_least


def test_an_unknown_player_tells_when_it_was_known_last(alice: User, exporter_a: Exporter) -> None:
    (player,) = players(exporter_a, "Hall")
    then = timezone.now() - timedelta(hours=3)
    Player.objects.filter(pk=player.pk).update(last_seen=then)
    (device,) = live.devices_page(alice, DeviceFilters()).devices
    assert (device.state, device.since) == (State.UNKNOWN, then)


# -- filters, order, search ---------------------------------------------------------------------


def test_it_filters_and_orders_by_state_over_whole_platforms(
    world: World, alice: User, platform_a: Platform, exporter_a: Exporter
) -> None:
    on, off, also_off, _silent = players(exporter_a, "a on", "b off", "c off", "d silent")
    disabled = factories.make_exporter(platform_a, enabled=False)
    (asleep,) = players(disabled, "e asleep")
    world.say(
        [
            source(exporter_a),
            sample(STATUS, on, 1),
            sample(STATUS, off, 0),
            sample(STATUS, also_off, 0),
            sample(STATUS, asleep, 0),
        ]
    )

    def shown(**asked: object) -> list[str]:
        return names(live.devices_page(alice, DeviceFilters(**asked)))  # type: ignore[arg-type]

    assert shown(state=State.ONLINE) == ["a on"]
    assert shown(state=State.OFFLINE) == ["b off", "c off"]
    assert shown(state=State.UNKNOWN) == ["d silent", "e asleep"]
    assert shown(order="status") == ["b off", "c off", "d silent", "e asleep", "a on"]
    assert shown(order="-status") == ["a on", "e asleep", "d silent", "c off", "b off"]
    page = live.devices_page(alice, DeviceFilters(order="status"), page=2, size=2)
    assert (names(page), page.total, page.pages) == (["d silent", "e asleep"], 5, 3)


@pytest.mark.both_databases
def test_it_finds_by_name_mac_and_address(alice: User, exporter_a: Exporter) -> None:
    factories.make_mac(exporter_a, "06:42:40:92:60:B4", "ММ Зауролоф LED", ip="192.168.111.27")
    factories.make_mac(exporter_a, "06:42:40:92:60:B5", "100% _Hall_", outip="94.72.61.150")

    def found(text: str) -> int:
        return live.devices_page(alice, DeviceFilters(search=text)).total

    for text in (
        "зауролоф",
        "ЗАУРОЛОФ",
        "led",
        "40-92-60-b4",
        "4240.9260b4",
        "60:b4",
        "192.168.11",
    ):
        assert found(text) == 1, text
    for text in ("94.72.", "%", "_Hall"):
        assert found(text) == 1, text
    for text in ("06:42", "  "):
        assert found(text) == 2, text
    for text in ("nobody", "\x00", "'", "10.0.0.1", "0" * 500, "😀"):
        assert found(text) in (0, 2), text
    assert found("nobody") == 0


def test_it_finds_by_the_address_that_prometheus_knows(
    world: World, alice: User, exporter_a: Exporter
) -> None:
    here, there = players(exporter_a, "here", "there")
    world.say(
        [
            source(exporter_a),
            sample(INFO, here, 1, ip="10.7.7.7", outip="", name=""),
            sample(INFO, there, 1, ip="10.8.8.8", outip="94.1.1.1", name=""),
        ]
    )
    sightings.record(timezone.now())
    assert names(live.devices_page(alice, DeviceFilters(search="10.7.7."))) == ["here"]
    assert names(live.devices_page(alice, DeviceFilters(search="94.1."))) == ["there"]


def test_a_typed_name_stands_before_the_vendors_and_without_one_the_vendors(
    world: World, alice: User, exporter_a: Exporter
) -> None:
    typed, untyped = players(exporter_a, "Hall", "")
    world.say(
        sample(INFO, each, 1, name="of the vendor", ip="", outip="") for each in (typed, untyped)
    )
    assert names(live.devices_page(alice, DeviceFilters(order="-name"))) == [
        "Hall",
        "of the vendor",
    ]


@pytest.mark.parametrize("page", [-1, 0, 1, 2, 3, 10**9])
def test_a_page_that_does_not_exist_is_the_nearest_one(
    alice: User, exporter_a: Exporter, page: int
) -> None:
    players(exporter_a, "a", "b", "c")
    shown = live.devices_page(alice, DeviceFilters(), page=page, size=2)
    assert shown.page == min(max(page, 1), 2)
    assert len(shown.devices) == (2 if shown.page == 1 else 1)


def test_all_players_are_described_in_order(alice: User, exporter_a: Exporter) -> None:
    players(exporter_a, *(f"{number:03}" for number in range(30)))
    described = list(live.every_device(alice, DeviceFilters(order="-name")))
    assert [each.name for each in described] == [f"{number:03}" for number in range(29, -1, -1)]


def test_one_player_is_shown_with_all_its_samples_and_its_day(
    world: World, exporter_a: Exporter
) -> None:
    (player,) = players(exporter_a, "Hall")
    world.say([source(exporter_a), sample(STATUS, player, 0)])
    detail = live.device_detail(Player.objects.get(pk=player.pk))
    assert detail.device.state is State.OFFLINE
    assert [(each.labels["__name__"], each.value) for each in detail.samples] == [(STATUS, 0.0)]
    assert len(detail.day) == 96
    assert detail.day[-1] in ("offline", "unknown")  # the sample may be younger than a minute
