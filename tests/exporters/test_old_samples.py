"""What Prometheus still answers minutes after nobody says it any more is no state of a player.

It sees a series end and says so, unless it was not there to see it.
"""

import time
from pathlib import Path

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from exporters import live, overview, prometheus, promql, sightings
from exporters.live import DeviceFilters, State
from exporters.models import Exporter
from platforms.models import User
from tests import factories
from tests.exporters.watched_world import (
    INFO,
    STATUS,
    World,
    sample,
    scraped_page,
    source,
    watching,
)

pytestmark = pytest.mark.django_db


def states(person: User) -> dict[str, tuple[str, str | None]]:
    return {
        each.name: (each.state.value, each.verdict.why and each.verdict.why.value)
        for each in live.devices_page(person, DeviceFilters()).devices
    }


def test_a_status_that_ended_while_prometheus_was_stopped_is_not_shown(
    alice: User, exporter_a: Exporter, tmp_path: Path, settings: Settings
) -> None:
    goes, stays = (factories.make_mac(exporter_a, name=name).player for name in ("goes", "stays"))
    with scraped_page() as page:
        with watching(page, tmp_path) as before:
            settings.PROMETHEUS_URL = before.url
            before.say([source(exporter_a), sample(STATUS, goes, 0), sample(STATUS, stays, 1)])
            assert states(alice) == {"goes": ("offline", None), "stays": ("online", None)}
        with watching(page, tmp_path) as after:
            settings.PROMETHEUS_URL, after.turn = after.url, before.turn
            told = sample(INFO, goes, 1, name="", ip="", outip="")
            after.say([source(exporter_a), sample(STATUS, stays, 1), told])
            assert after.value(f'count({STATUS}{{mac="{goes.identity}"}})') == 1  # the trap
            assert states(alice) == {"goes": ("unknown", "stale"), "stays": ("online", None)}
            cache.clear()
            assert overview.totals(alice) == {"online": 1, "offline": 0, "unknown": 1}
            for state, name in ((State.UNKNOWN, "goes"), (State.ONLINE, "stays")):
                chosen = live.devices_page(alice, DeviceFilters(state=state)).devices
                assert [each.name for each in chosen] == [name]
            assert sightings.record(timezone.now()).seen == 1


def test_a_process_that_died_while_prometheus_was_stopped_leaves_no_state(
    alice: User, exporter_a: Exporter, tmp_path: Path, settings: Settings
) -> None:
    player = factories.make_mac(exporter_a, name="Hall").player
    with scraped_page() as page, watching(page, tmp_path) as before:
        before.say([source(exporter_a), sample(STATUS, player, 0)])
    with watching(page, tmp_path) as after:  # nobody serves the page any more
        settings.PROMETHEUS_URL = after.url
        wait_until_it_is_down(after)
        assert after.value(f"count({STATUS})") == 1  # the trap
        assert states(alice) == {"Hall": ("unknown", "process_down")}
        assert overview.totals(alice) == {"online": 0, "offline": 0, "unknown": 1}


def wait_until_it_is_down(world: World) -> None:
    deadline = time.monotonic() + 15
    while world.value("up") != 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_players_that_two_processes_poll_are_counted_once(
    world: World, alice: User, exporter_a: Exporter
) -> None:
    """As series they are twice as many: the offline ones would take the places of the others."""
    on, off, torn = (factories.make_mac(exporter_a, name=name).player for name in "abc")
    world.say(
        [
            source(exporter_a),
            *(sample(STATUS, on, 1, process=name) for name in "12"),
            *(sample(STATUS, off, 0, process=name) for name in "12"),
            sample(STATUS, torn, 1, process="1"),
            sample(STATUS, torn, 0, process="2"),
        ]
    )
    cache.clear()
    assert overview.totals(alice) == {"online": 1, "offline": 1, "unknown": 1}
    for state, name in ((State.ONLINE, "a"), (State.OFFLINE, "b"), (State.UNKNOWN, "c")):
        chosen = live.devices_page(alice, DeviceFilters(state=state)).devices
        assert [each.name for each in chosen] == [name]


@pytest.mark.parametrize(("seconds", "found"), [(100, 1), (200, 0)])
def test_the_last_scrape_counts_for_150_seconds(
    world: World, exporter_a: Exporter, seconds: int, found: int
) -> None:
    """A remote store whose writer died has no newer scrape; Prometheus answers for 300 s."""
    player = factories.make_mac(exporter_a).player
    world.say([source(exporter_a), sample(STATUS, player, 0)])
    statuses = promql.selector(STATUS, [player.platform_id])
    later = time.time() + seconds
    connection = prometheus.Connection(world.url)
    assert len(prometheus.query(connection, statuses, later).samples) == 1
    fresh = promql.of_last_scrape(statuses, ["cubic"])
    assert len(prometheus.query(connection, fresh, later).samples) == found
