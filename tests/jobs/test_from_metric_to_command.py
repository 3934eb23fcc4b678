"""Evaluation, acting and the guard one after the other, over a real Prometheus."""

import pytest

from devices import gates, sockets
from devices.models import Command, Device
from exporters.models import Exporter
from jobs import acting
from jobs.models import Brake, Episode, JobExecution, Mode
from platforms.audit import SYSTEM
from tests.devices.world import make_socket
from tests.exporters.watched_world import World
from tests.jobs.evaluated_world import Fleet, Slots, source_lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def fleet(exporter_a: Exporter) -> Fleet:
    """Twelve players under a live job, each on a socket of its own."""
    fleet = Fleet(exporter_a, 12, mode=Mode.LIVE)
    for player in fleet.players:
        device: Device = make_socket(fleet.job.platform)
        sockets.bind(player, device.lines.get(number=1), SYSTEM)
    return fleet


def test_a_player_that_hangs_is_restarted_as_long_as_it_hangs(world: World, fleet: Fleet) -> None:
    slots = Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p2=0)
    slots.next()
    assert acting.act(slots.now) == 0
    slots.next()
    assert acting.act(slots.now) == 1
    command = Command.objects.get()
    assert JobExecution.objects.get().player == fleet.players[2]
    assert gates.first_shut(command, slots.now) is None
    fleet.say(world, p2=1)
    shut = gates.first_shut(command, slots.now)
    assert shut is not None
    assert shut.why == "The player is well again."


def test_a_vendor_that_says_offline_of_everybody_has_nobody_restarted(
    world: World, fleet: Fleet
) -> None:
    slots = Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, **{f"p{number}": 0 for number in range(12)})
    slots.next()
    assert slots.next().opened == 12
    assert acting.act(slots.now) == 0
    assert set(Episode.objects.values_list("suppressed", flat=True)) == {"brake"}
    assert Brake.objects.filter(engaged=True).count() == 2
    assert not Command.objects.exists()


def test_while_the_vendor_is_away_nothing_begins(world: World, fleet: Fleet) -> None:
    slots = Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p2=0)
    slots.next()
    slots.next()
    world.say(source_lines(fleet.exporter, up=0))
    slots.next()
    assert acting.act(slots.now) == 0
    assert Episode.objects.get().suppressed == "brake"
    assert not Command.objects.exists()
