"""What becomes of the simulated players, on a clock of the test's own."""

from dataclasses import replace

import pytest

from demo.life import BOOT_SECONDS, Clock, UnknownPlayer, World, address_of, status_of
from demo.world import Character, SimulatedPlayer, fleet

HOUR = range(0, 3600, 5)


class Time:
    """A source of time that the test moves."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def player_of(character: Character) -> SimulatedPlayer:
    return next(player for player in fleet()[1:] if player.character is character)


def statuses(player: SimulatedPlayer) -> set[str]:
    return {status_of(player, second) for second in HOUR}


@pytest.mark.parametrize(
    ("character", "expected"),
    [
        (Character.STEADY, {"online"}),
        (Character.MOVING, {"online"}),
        (Character.DARK, {"offline"}),
        (Character.UNKNOWN, {"unknown"}),
        (Character.FLAPPING, {"online", "offline"}),
    ],
)
def test_a_player_lives_by_its_character(character: Character, expected: set[str]) -> None:
    for player in fleet():
        if player.character is character:
            assert statuses(player) == expected


def test_a_hung_player_stays_offline_until_its_power_is_cycled() -> None:
    hanging = [player for player in fleet() if player.character is Character.HANGING]
    assert {status_of(player, 0) for player in hanging} == {"online", "offline"}
    for player in hanging:
        assert status_of(player, 3600) == status_of(player, 9e6) == "offline"
        assert status_of(player, 3600 + BOOT_SECONDS - 1, cycled_at=3600) == "offline"
        assert status_of(player, 3600 + BOOT_SECONDS, cycled_at=3600) == "online"
        assert status_of(player, 9e6, cycled_at=3600) == "offline"


def test_only_a_moving_player_changes_its_address_and_keeps_its_network() -> None:
    for player in fleet():
        addresses = {address_of(player, second) for second in HOUR}
        assert (len(addresses) > 1) == (player.character is Character.MOVING)
        assert len({address.rpartition(".")[0] for address in addresses}) == 1


def test_the_clock_runs_as_fast_as_it_is_told() -> None:
    time = Time()
    clock = Clock(10, time)
    time.seconds += 3
    assert clock.now() == 30


def test_what_is_set_by_hand_wins_until_it_is_taken_back() -> None:
    player = player_of(Character.STEADY)
    world = World([player], Clock(source=Time()))
    world.condition(player.mac).status = "offline"
    world.condition(player.mac).ip = "10.0.0.1"
    assert world.answer(player.mac) == {
        "status": "offline",
        "name": player.name,
        "ip": "10.0.0.1",
        "outIp": player.outip,
    }
    world.condition(player.mac).status = "unknown"
    assert world.answer(player.mac) is None
    world.condition(player.mac).status = None
    assert (world.answer(player.mac) or {})["status"] == "online"


def test_a_power_cycle_brings_a_hung_player_back_on_the_worlds_clock() -> None:
    player, time = fleet()[0], Time()
    world = World([player], Clock(2, time))
    assert (world.answer(player.mac) or {})["status"] == "offline"
    world.cycle_power(player.mac)
    time.seconds += BOOT_SECONDS / 2
    assert (world.answer(player.mac) or {})["status"] == "online"


def test_a_mac_that_is_not_there_cannot_be_changed() -> None:
    world = World([], Clock())
    assert world.answer("06:42:40:00:00:00") is None
    with pytest.raises(UnknownPlayer):
        world.condition("06:42:40:00:00:00")


def test_a_player_draws_from_its_mac_alone() -> None:
    player = fleet()[5]
    assert replace(player, name="another").draw == player.draw
