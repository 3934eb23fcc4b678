"""First seen, last seen, and names that follow the vendor: only what changed is written."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exporters import enrolment, sightings, tasks
from exporters.models import Exporter, Player
from exporters.verdicts import Why
from platforms.audit import SYSTEM
from tests import factories
from tests.exporters.watched_world import INFO, STATUS, UNKNOWN, Scripted, World, sample, source

pytestmark = pytest.mark.django_db


def new(exporter: Exporter, name: str = "") -> Player:
    player = factories.make_mac(exporter, name=name).player
    Player.objects.filter(pk=player.pk).update(first_seen=None, last_seen=None)
    return Player.objects.get(pk=player.pk)


def moments(player: Player) -> tuple[Any, Any]:
    player.refresh_from_db()
    return player.first_seen, player.last_seen


def test_a_player_is_seen_when_it_has_a_status(
    world: World, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    on, off, lost, silent = (new(exporter_a) for _number in range(4))
    theirs = new(exporter_b)
    Player.objects.filter(pk=theirs.pk).update(identity=silent.identity)
    theirs.refresh_from_db()
    world.say(
        [
            source(exporter_a),
            sample(STATUS, on, 1),
            sample(STATUS, off, 0),
            sample(UNKNOWN, lost, 1, reason="not_found"),
            sample(INFO, silent, 1, name="", ip="", outip=""),
            sample(STATUS, theirs, 1),
        ]
    )
    now = timezone.now()
    done = sightings.record(now)
    assert (done.seen, done.first, done.again, done.outage) == (3, 3, 0, None)
    assert [moments(each) for each in (on, off, theirs)] == [(now, now)] * 3
    assert [moments(each) for each in (lost, silent)] == [(None, None)] * 2


def test_it_writes_last_seen_every_five_minutes_and_first_seen_once(
    world: World, exporter_a: Exporter
) -> None:
    player = new(exporter_a)
    world.say([sample(STATUS, player, 1)])
    now = timezone.now()
    sightings.record(now)
    for later, written in ((60, 0), (299, 0), (300, 1), (310, 0)):
        moment = now + timedelta(seconds=later)
        with CaptureQueriesContext(connection) as captured:
            assert sightings.record(moment, with_names=False).again == written
        updates = [each for each in captured if each["sql"].startswith("UPDATE")]
        assert len(updates) == written
    assert moments(player) == (now, now + timedelta(seconds=300))


def test_a_round_writes_a_bounded_number_and_the_longest_unwritten_first(
    world: World, exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "MOST_WRITES", 2)
    players = [new(exporter_a) for _number in range(5)]
    world.say(sample(STATUS, each, 1) for each in players)
    now = timezone.now()
    counts = [sightings.record(now + timedelta(seconds=n)) for n in range(4)]
    assert [each.first for each in counts] == [2, 2, 1, 0]


def test_a_retired_player_and_an_inactive_platform_are_left_alone(
    world: World, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    retired, asleep = new(exporter_a), new(exporter_b)
    Player.objects.filter(pk=retired.pk).update(retired_at=timezone.now())
    exporter_b.platform.active = False
    exporter_b.platform.save()
    world.say([sample(STATUS, retired, 1), sample(STATUS, asleep, 1)])
    assert sightings.record(timezone.now()).first == 0
    assert moments(retired) == moments(asleep) == (None, None)


def test_a_player_that_nobody_named_follows_the_vendors_name(
    world: World, exporter_a: Exporter
) -> None:
    unnamed, named = new(exporter_a), new(exporter_a, "Hall")
    long = "é\x00" * 400

    def vendor_says(name: str) -> sightings.Round:
        shown = name.replace("\x00", "")
        world.say(sample(INFO, each, 1, name=shown, ip="", outip="") for each in (unnamed, named))
        return sightings.record(timezone.now())

    assert vendor_says("Foyer").named == 1
    assert vendor_says("Foyer").named == 0
    assert vendor_says("Foyer 2").named == 1
    unnamed.refresh_from_db()
    named.refresh_from_db()
    assert (unnamed.name, named.name) == ("Foyer 2", "Hall")
    enrolment.change(unnamed.mac, {"name": "Mine"}, SYSTEM)
    assert vendor_says("Foyer 3").named == 0
    enrolment.change(unnamed.mac, {"name": ""}, SYSTEM)
    assert vendor_says(long).named == 1
    unnamed.refresh_from_db()
    assert unnamed.name == "é" * 255


def test_it_goes_on_when_prometheus_is_away_or_answers_in_part(
    exporter_a: Exporter, scripted: Scripted, settings: Any
) -> None:
    player = new(exporter_a)
    labels = {
        "__name__": STATUS,
        "platform_id": str(player.platform_id),
        "exporter_id": str(player.exporter_id),
        "mac": player.identity,
    }
    scripted.vector = [(labels, 1)]
    scripted.more = {"warnings": ["a store is away"]}
    done = sightings.record(timezone.now())
    assert done.outage is not None
    assert done.outage.why is Why.PROMETHEUS_PARTIAL
    assert "a store is away" in str(done)
    url, settings.PROMETHEUS_URL = settings.PROMETHEUS_URL, "http://127.0.0.1:9"
    assert sightings.record(timezone.now()).outage is not None
    assert moments(player) == (None, None)
    settings.PROMETHEUS_URL, scripted.more = url, {}
    assert sightings.record(timezone.now()).first == 1


def test_the_command_and_the_tick_go_one_round_and_write_a_line(
    exporter_a: Exporter, scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    new(exporter_a)
    with caplog.at_level("INFO"):
        call_command("record_sightings")
        tasks.record_sightings()
    lines = [record.message for record in caplog.records if "Sightings" in record.message]
    assert len(lines) == 2
    assert lines[0].startswith("Sightings: 0 players seen")
