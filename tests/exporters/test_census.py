"""How old a census may be, who takes it anew, and that it is never taken for more than it is.

With a real Valkey as the cache of all processes, and a clock that the test moves.
"""

from collections.abc import Iterator

import pytest
from celery import current_app
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from exporters import census, census_hints, live, overview, sightings, tasks
from exporters.asking import Ask, Outage
from exporters.census import Census, Counted
from exporters.live import DeviceFilters, State
from exporters.models import Exporter, Player
from platforms import ticks
from platforms.models import User
from remosa import shared_cache
from tests import factories
from tests.exporters.watched_world import STATUS, Scripted

pytestmark = pytest.mark.django_db


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(census, "_clock", clock)
    return clock


@pytest.fixture
def shared(
    valkey: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[list[int]]]:
    """A cache of all processes, and a broker that takes hints: the platforms of each."""
    monkeypatch.setattr(shared_cache, "_REACHES", {})
    backend = "remosa.shared_cache.ForgetfulRedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": valkey}}
    cache.clear()
    sent: list[list[int]] = []
    monkeypatch.setattr(
        current_app, "send_task", lambda name, args, **_options: sent.append(args[0])
    )
    yield sent
    cache.clear()


@pytest.fixture
def player(exporter_a: Exporter) -> Player:
    return factories.make_mac(exporter_a, name="Hall").player


def say(scripted: Scripted, player: Player, value: int) -> None:
    labels = {"platform_id": str(player.platform_id), "exporter_id": str(player.exporter_id)}
    scripted.vector = [({**labels, "__name__": STATUS, "mac": player.identity}, value)]
    scripted.questions.clear()


def online(player: Player) -> tuple[bool, int]:
    """Tell whether the census has the player online, and how old it is."""
    taken = census.take(Ask(), [player.platform_id], [State.ONLINE])
    assert isinstance(taken, Census)
    return bool(taken.online), round(taken.age)


def test_an_old_census_is_served_at_once_while_one_worker_takes_another(
    shared: list[list[int]], scripted: Scripted, player: Player, clock: Clock
) -> None:
    say(scripted, player, 1)
    assert online(player) == (True, 0)
    say(scripted, player, 0)
    clock.at += census.KEPT_SECONDS
    assert (online(player), shared) == ((True, 10), [])
    clock.at += 5
    assert [online(player) for _page in range(3)] == [(True, 15)] * 3
    assert (scripted.questions, shared) == ([], [[player.platform_id]])
    tasks.take_census(shared[0])
    assert len(scripted.questions) == 1
    assert online(player) == (False, 0)
    tasks.take_census(shared[0])  # a hint that came late: it is as good as new
    assert len(scripted.questions) == 1


def test_a_census_that_is_too_old_or_of_a_clock_ahead_is_waited_for(
    shared: list[list[int]], scripted: Scripted, player: Player, clock: Clock
) -> None:
    say(scripted, player, 1)
    for later in (0, census.SERVED_SECONDS + 1, -1):
        clock.at += later
        scripted.questions.clear()
        assert online(player) == (True, 0)
        assert len(scripted.questions) == 1
    assert shared == []


def test_where_no_worker_can_be_asked_the_page_asks(
    shared: list[list[int]],
    scripted: Scripted,
    player: Player,
    clock: Clock,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(current_app, "send_task", refuse)
    monkeypatch.setattr(census_hints, "_silent_until", 0.0)
    say(scripted, player, 1)
    online(player)
    scripted.vector = []
    clock.at += 15
    assert online(player) == (False, 0)
    # Nor where a worker would write into a memory of its own.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    assert online(player) == (False, 0)
    clock.at += 15
    assert (online(player), len(scripted.questions)) == ((False, 0), 4)


def test_one_worker_alone_takes_it(
    shared: list[list[int]], scripted: Scripted, player: Player
) -> None:
    say(scripted, player, 1)
    ticks._begin(census_hints.TAKE, timezone.now(), tasks._CENSUS_LASTS)  # another is at it
    tasks.take_census([player.platform_id])
    assert scripted.questions == []


def test_a_round_leaves_a_census_and_no_page_asks_for_one(
    shared: list[list[int]], scripted: Scripted, alice: User, player: Player
) -> None:
    say(scripted, player, 0)
    sightings.record(timezone.now())
    scripted.questions.clear()
    shown = overview.overview(alice)
    assert (shown.counts[State.OFFLINE], shown.age, len(scripted.questions)) == (1, 0, 1)  # health
    page = live.devices_page(alice, DeviceFilters(state=State.OFFLINE))
    assert (page.total, page.age, len(scripted.questions)) == (1, 0, 3)  # now, and since when


def test_what_was_counted_before_an_outage_is_not_shown_and_ages_are(
    shared: list[list[int]], scripted: Scripted, alice: User, player: Player, clock: Clock
) -> None:
    say(scripted, player, 0)
    tasks.take_census([player.platform_id])
    clock.at += 40
    shown = overview.overview(alice)
    assert (shown.counts[State.OFFLINE], shown.age) == (1, 40)
    assert live.devices_page(alice, DeviceFilters(order="status")).age == 40
    assert live.devices_page(alice, DeviceFilters()).age == 0
    scripted.more = {"warnings": ["a store is away"]}
    shown = overview.overview(alice)
    assert (shown.counts[State.OFFLINE], shown.counts[State.UNKNOWN], shown.age) == (0, 1, 0)


def test_the_census_of_a_round_is_that_of_the_questions_of_pages(
    shared: list[list[int]], scripted: Scripted, player: Player, clock: Clock
) -> None:
    """Of a player that two processes see differently it says nothing."""
    key = (player.platform_id, player.exporter_id)
    base = {"platform_id": str(key[0]), "exporter_id": str(key[1])}
    scripted.vector = [
        ({**base, "mac": mac}, value) for mac, value in (("a", 1), ("b", 0), ("c", 0.5), ("d", 1))
    ]
    tasks.take_census([player.platform_id])
    counts = census.count(Ask(), [player.platform_id])
    taken = census.take(Ask(), [player.platform_id], census.VALUES)
    assert not isinstance(counts, Outage)
    assert counts.of == {key: Counted(online=2, offline=1)}
    assert taken == Census({key: frozenset("ad")}, {key: frozenset("b")})
    assert len(scripted.questions) == 1
