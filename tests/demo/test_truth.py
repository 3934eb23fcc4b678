"""What the simulated world keeps of messages and of players that lost their power."""

from typing import Any

import pytest

from demo.faults import Fault
from demo.present import Clock
from demo.simulation import Simulation
from demo.sms.gateway import KEY
from demo.vendors import Sizes
from demo.vendors.shape import Request
from demo.world import EXAMPLE, Character


class Time:
    """A source of time that the test moves."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Lab:
    """A steady world of a few players on a clock of the test's own."""

    def __init__(self) -> None:
        self.time = Time()
        self.simulation = Simulation(Sizes(60, 1, 1), Clock(source=self.time), steady=True)
        self.world = self.simulation.vendors["cubic"].world

    def alone(self) -> tuple[str, str]:
        """A steady player with a D210 of its own, and the phone of that."""
        for phone, socket in self.simulation.crowd.sockets.items():
            lines = list(socket.installed.players.values())
            for player in lines[0] if len(lines) == 1 and len(lines[0]) == 1 else ():
                if self.world.players[player].character is Character.STEADY:
                    return player, phone
        raise AssertionError("no such player")

    def send(self, phone: str, text: str) -> None:
        body = f"number={phone.replace('+', '%2B')}&text={text.replace('#', '%23')}".encode()
        head = f"POST /send HTTP/1.1\r\nAuthorization: {KEY}".encode()
        self.simulation.gateway.answer(Request("POST", "/send", "", head, body))

    def wait(self, seconds: float) -> None:
        self.time.seconds += seconds
        self.simulation.tick()

    def truth(self) -> dict[str, Any]:
        return self.simulation.doors["truth"].state()


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_a_message_that_switches_off_a_healthy_player_is_kept_as_that(lab: Lab) -> None:
    player, phone = lab.alone()
    lab.send(phone, "#12#0#1#1#")
    lab.wait(1)
    (loss,) = lab.truth()["losses"]
    assert (loss["player"], loss["socket"], loss["hung_since"]) == (player, phone, None)
    assert loss["was_well_when_told"]
    assert lab.truth()["told"][0]["well"] == [player]


def test_one_that_switches_off_a_hung_player_is_not(lab: Lab) -> None:
    player, phone = lab.alone()
    lab.world.hang(player)
    assert player in {each["player"] for each in lab.truth()["hanging"]}
    lab.wait(10)
    lab.send(phone, "#12#0#1#1#")
    lab.wait(1)
    (loss,) = lab.truth()["losses"]
    assert (loss["was_well"], loss["was_well_when_told"]) == (False, False)
    assert loss["hung_since"] == pytest.approx(loss["at"] - 11, abs=0.2)
    lab.wait(120)
    assert player not in {each["player"] for each in lab.truth()["hanging"]}


def test_a_lie_of_the_vendor_does_not_change_who_is_well(lab: Lab) -> None:
    player, phone = lab.alone()
    lab.simulation.vendors["cubic"].trouble.fault = Fault.ALL_OFFLINE
    lab.send(phone, "#07#")
    lab.wait(1)
    assert lab.truth()["told"][-1]["well"] == [player]
    assert lab.truth()["losses"] == [], "a question switches nothing"


def test_the_mains_tell_no_message(lab: Lab) -> None:
    _player, phone = lab.alone()
    crowd = lab.simulation.crowd
    crowd.switch_mains(crowd.sockets[phone], False, 0)
    (loss,) = lab.truth()["losses"]
    assert (loss["told_at"], loss["was_well"], loss["was_well_when_told"]) == (None, True, False)


def test_the_example_hangs_since_before_the_world_began(lab: Lab) -> None:
    truth = lab.truth()
    (hang,) = [each for each in truth["hanging"] if each["player"] == EXAMPLE[0]]
    assert hang["since"] < truth["began"]
