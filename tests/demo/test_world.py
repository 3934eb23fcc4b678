"""The simulated fleet: a pure function of a seed and a number."""

import pytest

from demo.world import (
    COMPANIES,
    COUNT,
    EXAMPLE,
    Character,
    devices,
    fleet,
    of_platform,
    screens,
)
from exporters.macs import normalise


def test_the_same_seed_gives_the_same_fleet_and_another_seed_another() -> None:
    assert fleet(3, 50) == fleet(3, 50)
    assert fleet(3, 50)[1:] != fleet(4, 50)[1:]


@pytest.mark.parametrize("count", [0, 1, 2, COUNT, 10_000])
def test_every_player_has_a_mac_of_its_own_in_the_normal_form(count: int) -> None:
    macs = [player.identity for player in fleet(count=count)]
    assert len(set(macs)) == count
    assert macs == [normalise(mac) for mac in macs]


def test_the_first_player_is_the_example_of_the_metric_contract() -> None:
    first = fleet()[0]
    assert (first.identity, first.name, first.ip, first.outip) == EXAMPLE


def test_the_demo_has_players_of_every_character_on_both_platforms() -> None:
    for company in COMPANIES:
        characters = {player.character for player in of_platform(fleet(), company.name)}
        assert characters >= {Character.STEADY, Character.FLAPPING, Character.MOVING}
    assert {player.character for player in fleet()} == set(Character)


def test_every_player_stands_on_a_site_of_its_platform() -> None:
    sites = {company.name: set(company.sites) for company in COMPANIES}
    assert all(player.site in sites[player.platform] for player in fleet())


def test_there_are_cyrillic_names_and_latin_ones() -> None:
    names = [player.name for player in fleet()]
    assert any("а" in name for name in names)
    assert any(name.isascii() for name in names)


@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_every_device_has_a_number_of_its_own(count: int) -> None:
    numbers = [int(device.identity) for device in devices(count=count)]
    assert len(set(numbers)) == len(numbers) == count + count // 5


def test_one_company_has_the_headline_installation_and_the_other_a_smaller_one() -> None:
    sizes = [len(of_platform(devices(), company.name)) for company in COMPANIES]
    assert sizes == [273, 54]


def test_a_vendor_that_lists_its_players_knows_them_all() -> None:
    listed = {player.character for player in (*devices(), *screens(count=400))}
    assert listed == set(Character) - {Character.UNKNOWN}


def test_all_screens_hang_at_one_company() -> None:
    assert len(screens()) == 40
    assert {player.platform for player in screens()} == {COMPANIES[1].name}


def test_a_company_has_another_token_for_each_vendor() -> None:
    tokens = {company.token(vendor) for company in COMPANIES for vendor in ("addreality", "lumen")}
    assert len(tokens) == 4
