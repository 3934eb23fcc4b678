"""One simulated socket: what it does with texts, and whom it obeys."""

import pytest

from demo.sms import phrases
from demo.sms.socket import Socket, Timer
from demo.sms.wiring import GATEWAY_NUMBER as GATEWAY, STRANGER, SimulatedSocket, SocketModel

D210, D410 = SocketModel.D210, SocketModel.D410


def socket(model: SocketModel = D210, admin: str | None = GATEWAY) -> Socket:
    lines = {line: (f"player {line}",) for line in model.lines}
    return Socket(
        SimulatedSocket("+79995550001", model, "Hall", "Mall", "Harbour", "en", lines, admin)
    )


def test_it_switches_by_hand_and_says_so() -> None:
    hall = socket()
    assert hall.receive(GATEWAY, "#02#0#", 0) == "Socket output: OFF"
    assert hall.fed == {1: False}
    assert hall.receive(GATEWAY, "#01#0#", 1) == "Socket output: ON"
    assert hall.fed == {1: True}


def test_a_power_cycle_is_off_at_once_and_on_after_its_minutes() -> None:
    hall = socket()
    assert hall.receive(GATEWAY, "#12#0#2#1#", 100) == "Socket output: OFF. Timer: 2 min"
    assert hall.fed == {1: False}
    assert hall.timers == {1: Timer(220, True)}
    assert hall.ring(1, Timer(220, True)) == "Socket output: ON"
    assert hall.fed == {1: True}


def test_a_cycle_that_is_told_twice_goes_on_once_and_late() -> None:
    hall = socket()
    hall.receive(GATEWAY, "#12#0#1#1#", 0)
    hall.receive(GATEWAY, "#12#0#1#1#", 5)
    assert hall.ring(1, Timer(60, True)) == ""
    assert hall.fed == {1: False}
    assert hall.ring(1, Timer(65, True)) == "Socket output: ON"


def test_a_hand_on_the_switch_ends_the_timer() -> None:
    hall = socket()
    hall.receive(GATEWAY, "#12#0#1#0#", 0)
    hall.receive(GATEWAY, "#01#0#", 5)
    assert hall.ring(1, Timer(60, False)) == ""
    assert hall.fed == {1: True}


def test_the_lines_of_a_d410_are_switched_one_by_one_or_together() -> None:
    hall = socket(D410)
    assert hall.receive(GATEWAY, "#02#1#", 0) == "Line 1: OFF"
    assert hall.fed == {1: False, 2: True}
    assert hall.receive(GATEWAY, "#02#", 0) == "Line 1: OFF\nLine 2: OFF"
    assert hall.receive(GATEWAY, "#01#2#", 0) == "Line 2: ON"
    assert hall.fed == {1: False, 2: True}


def test_a_delay_of_a_d410_is_no_cycle_and_can_be_cancelled() -> None:
    hall = socket(D410)
    hall.receive(GATEWAY, "#11#2#2#3#", 0)
    assert hall.fed == {1: True, 2: True}
    assert hall.timers == {2: Timer(180, False)}
    hall.receive(GATEWAY, "#11#0#", 1)
    assert hall.ring(2, Timer(180, False)) == ""


def test_without_mains_nothing_is_fed_and_the_switch_keeps_its_place() -> None:
    hall = socket()
    assert hall.take_mains(False) == "AC power lost!"
    assert hall.take_mains(False) == ""
    assert (hall.fed, hall.lines) == ({1: False}, {1: True})
    assert "AC power lost!" in hall.receive(GATEWAY, "#07#", 0)
    assert hall.take_mains(True) == "AC power restored"
    assert hall.fed == {1: True}


@pytest.mark.parametrize("text", ["#02#0#", "#07#", "hello"])
def test_it_obeys_nobody_but_its_administrator(text: str) -> None:
    hall = socket(admin=STRANGER)
    assert hall.receive(GATEWAY, text, 0) == phrases.DENIED["en"]
    assert hall.fed == {1: True}


def test_who_registers_first_is_the_administrator() -> None:
    hall = socket(admin=None)
    assert hall.receive(GATEWAY, "#00#", 0) == phrases.WELCOME["en"]
    assert hall.receive(GATEWAY, "#00#", 1) == phrases.WELCOME["en"]
    assert hall.receive(STRANGER, "#00#", 2) == phrases.TAKEN["en"]
    assert hall.receive(GATEWAY, "#02#0#", 3) == "Socket output: OFF"


def test_a_user_may_switch_but_not_set_timers() -> None:
    hall = socket()
    hall.receive(GATEWAY, f"#06#{STRANGER}#", 0)
    assert hall.receive(STRANGER, "#02#0#", 1) == "Socket output: OFF"
    assert hall.receive(STRANGER, "#12#0#1#1#", 2) == phrases.DENIED["en"]
    hall.receive(GATEWAY, f"#15#{STRANGER}#", 3)
    assert hall.receive(STRANGER, "#01#0#", 4) == phrases.DENIED["en"]


def test_an_empty_parameter_deletes_everybody() -> None:
    hall = socket()
    for last in (1, 2):
        hall.receive(GATEWAY, f"#06#+7916123456{last}#", 0)
    assert hall.receive(GATEWAY, "#15#", 1) == "Users: 0"
    assert hall.admin == GATEWAY


def test_a_reset_needs_the_password_and_forgets_the_administrator() -> None:
    hall = socket()
    assert hall.receive(GATEWAY, "#08#0000#", 0) == phrases.INVALID["en"]
    hall.receive(GATEWAY, "#08#1234#", 1)
    assert hall.receive(GATEWAY, "#07#", 2) == phrases.DENIED["en"]


def test_it_answers_what_it_is_asked() -> None:
    hall = socket()
    assert hall.receive(GATEWAY, "#07#", 0) == f"Socket output: ON\nGSM signal: {hall.signal}"
    assert hall.receive(GATEWAY, "#27#", 0) == f"GSM signal: {hall.signal}"
    assert hall.receive(GATEWAY, "#33#", 0) == "Function OFF"
    assert hall.receive(GATEWAY, "#03#1#", 0) == "OK"
    assert hall.receive(GATEWAY, "#03#1", 0) == phrases.INVALID["en"]
