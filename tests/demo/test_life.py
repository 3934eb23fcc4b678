"""How a simulated player lives, second by second."""

from dataclasses import replace

import pytest

from demo.life import BOOT_SECONDS, HEARTBEAT_SECONDS, address_of, is_paused, life_of, status_of
from demo.world import Character, SimulatedPlayer, devices, fleet

HOUR = range(0, 3600, 5)


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


def test_flapping_keeps_real_seconds_however_quickly_the_world_goes_by() -> None:
    for player in fleet():
        if player.character is Character.FLAPPING:
            quick = [status_of(player, second * 6, pace=6) for second in HOUR]
            assert quick == [status_of(player, second) for second in HOUR]


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


def test_a_player_draws_from_its_identity_alone() -> None:
    player = fleet()[5]
    assert replace(player, name="another").draw == player.draw


@pytest.mark.parametrize("character", [Character.FLAPPING, Character.HANGING])
def test_what_it_was_last_seen_at_is_the_last_second_it_was_online(character: Character) -> None:
    for player in fleet():
        if player.character is not character:
            continue
        online_at = None
        for second in HOUR:
            life = life_of(player, second)
            if life.status == "online":
                online_at = second
                assert 0 <= second - (life.last_online or 0) <= HEARTBEAT_SECONDS
            elif online_at is not None and life.last_online is not None:
                assert online_at - HEARTBEAT_SECONDS <= life.last_online <= online_at + 5


def test_a_dark_player_was_last_online_before_the_world_began_or_never() -> None:
    dark = [player for player in devices() if player.character is Character.DARK]
    moments = [life_of(player, 100).last_online for player in dark]
    assert None in moments
    assert all(moment is None or moment <= 0 for moment in moments)
    assert any(moments)


def test_a_booting_player_was_last_online_before_its_power_was_cycled() -> None:
    flapping = next(player for player in fleet() if player.character is Character.FLAPPING)
    booting = life_of(flapping, 3610, cycled_at=3600)
    assert booting.status == "offline"
    assert booting.last_online == life_of(flapping, 3600).last_online


def test_a_few_players_pause_now_and_then() -> None:
    pausing = [player for player in devices() if any(is_paused(player, at) for at in HOUR)]
    assert 0 < len(pausing) < len(devices()) / 5
    assert any(not all(is_paused(player, at) for at in HOUR) for player in pausing)
