"""The simulated fleet now, and what is done to it, on a clock of the test's own."""

import time as wall

import pytest

from demo.life import BOOT_SECONDS
from demo.present import Clock, Look, UnknownPlayer, World
from demo.world import COMPANIES, EXAMPLE, Character, SimulatedPlayer, devices, fleet


class Time:
    """A source of time that the test moves."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def player_of(character: Character) -> SimulatedPlayer:
    return next(player for player in fleet()[1:] if player.character is character)


def look(world: World, player: SimulatedPlayer) -> Look:
    seen = world.look(player.identity)
    assert seen is not None
    return seen


def test_the_clock_runs_as_fast_as_it_is_told() -> None:
    time = Time()
    clock = Clock(10, time)
    time.seconds += 3
    assert clock.now() == 30


def test_the_worlds_moments_have_dates_that_are_never_in_the_future() -> None:
    time = Time()
    clock = Clock(10, time)
    assert clock.date(0) == pytest.approx(wall.time(), abs=5)
    assert clock.date(30) == pytest.approx(clock.date(0) + 3)
    assert clock.date(-3600) == pytest.approx(clock.date(0) - 3600)


def test_what_is_set_by_hand_wins_until_it_is_taken_back() -> None:
    player = player_of(Character.STEADY)
    world = World([player], Clock(source=Time()))
    world.condition(player.identity).status = "offline"
    world.condition(player.identity).ip = "10.0.0.1"
    seen = look(world, player)
    assert (seen.status, seen.name, seen.ip) == ("offline", player.name, "10.0.0.1")
    assert seen.outip == player.outip
    world.condition(player.identity).status = None
    assert look(world, player).status == "online"


def test_a_power_cycle_brings_a_hung_player_back_on_the_worlds_clock() -> None:
    player, time = fleet()[0], Time()
    world = World([player], Clock(2, time))
    assert look(world, player).status == "offline"
    world.cycle_power(EXAMPLE[0])
    assert look(world, player).status == "offline"
    time.seconds += BOOT_SECONDS / 2
    seen = look(world, player)
    assert seen.status == "online"
    assert seen.is_starting
    time.seconds += BOOT_SECONDS / 2
    assert not look(world, player).is_starting


def test_an_outage_that_was_set_by_hand_has_a_beginning() -> None:
    player, time = player_of(Character.STEADY), Time()
    world = World([player], Clock(source=time))
    time.seconds += 50
    done = world.condition(player.identity)
    done.status, done.told_at = "offline", world.clock.now()
    time.seconds += 500
    assert 40 <= (look(world, player).last_online or 0) <= 50
    done.status = "online"
    assert look(world, player).last_online == 550


def test_a_player_that_is_not_there_is_neither_seen_nor_changed() -> None:
    world = World([], Clock())
    assert world.look("06:42:40:00:00:00") is None
    for change in (world.condition, world.cycle_power, world.remove):
        with pytest.raises(UnknownPlayer):
            change("06:42:40:00:00:00")


def test_players_come_go_and_get_other_names_on_their_platforms_list() -> None:
    first, second, third = devices()[:3]
    world = World([first, second], Clock())
    platform = COMPANIES[0].name
    assert world.of_platform(platform) == [first, second]
    world.add(third)
    world.condition(first.identity).status = "offline"
    world.remove(first.identity)
    world.rename(second.identity, "Новое имя")
    assert [player.name for player in world.of_platform(platform)] == ["Новое имя", third.name]
    world.add(first)
    assert look(world, first).status == "online"  # what was done to it is forgotten
