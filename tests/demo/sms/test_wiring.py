"""Which players hang on which sockets: a pure function of a seed and of the players."""

from collections import Counter

from demo.sms.wiring import GATEWAY_NUMBER, STRANGER, VENDOR, SocketModel, installed
from demo.vendors import Sizes
from demo.world import COMPANIES, EXAMPLE, Character
from devices import phones

FLEETS = Sizes().fleets()
SOCKETS = installed(FLEETS)


def test_the_same_seed_gives_the_same_sockets_and_another_seed_another() -> None:
    assert installed(FLEETS) == SOCKETS
    assert installed(FLEETS, 8) != SOCKETS


def test_every_socket_has_a_phone_of_its_own_that_is_written_as_remosa_writes_it() -> None:
    numbers = [socket.phone for socket in SOCKETS]
    assert len(set(numbers)) == len(numbers)
    assert numbers == [phones.normalise(number) for number in numbers]
    assert GATEWAY_NUMBER not in numbers


def test_a_player_hangs_on_one_line_of_its_own_platform() -> None:
    players = {player.identity: player for player in FLEETS[VENDOR]}
    hung = [
        (socket, name) for socket in SOCKETS for line in socket.players.values() for name in line
    ]
    assert max(Counter(name for _, name in hung).values()) == 1
    for socket, name in hung:
        assert (players[name].platform, players[name].site) == (socket.platform, socket.site)
    assert 0.5 < len(hung) / len(players) < 0.9


def test_both_platforms_have_sockets_of_both_models_and_two_spare_ones() -> None:
    for company in COMPANIES:
        mine = [socket for socket in SOCKETS if socket.platform == company.name]
        assert {socket.model for socket in mine} == set(SocketModel)
        assert [socket.admin for socket in mine if socket.is_spare] == [None, STRANGER]
        assert {socket.admin for socket in mine if not socket.is_spare} == {GATEWAY_NUMBER}
    assert {socket.language for socket in SOCKETS} == {"ru", "en"}


def test_the_example_hangs_alone_on_a_socket_that_restarts_by_one_message() -> None:
    first = SOCKETS[0]
    assert (first.model, first.players) == (SocketModel.D210, {1: (EXAMPLE[0],)})


def test_hung_players_are_among_those_that_can_be_rebooted() -> None:
    hung = {name for socket in SOCKETS for line in socket.players.values() for name in line}
    hanging = [each for each in FLEETS[VENDOR] if each.character is Character.HANGING]
    assert len([each for each in hanging if each.identity in hung]) >= 3


def test_a_world_without_players_has_spare_sockets_alone() -> None:
    assert all(socket.is_spare for socket in installed({}))
