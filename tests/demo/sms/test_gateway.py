"""The simulated gateway and its sockets by real HTTP, asked by Remosa's own driver."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from demo.sms.gateway import KEY
from demo.sms.wiring import SimulatedSocket, SocketModel, installed
from demo.vendors import Sizes
from demo.world import EXAMPLE, Character
from devices.gateways.http_gateway import DRIVER
from devices.gateways.shape import Account, GatewayError, Outcome, Outgoing, Reason, Received, Sent
from tests.demo.vendor_process import Vendor, running_vendor

PLAYERS = 60
FLEETS = Sizes(PLAYERS, 1, 1).fleets()
SOCKETS = installed(FLEETS)
EXAMPLE_SOCKET = SOCKETS[0]
STEADY = {each.identity for each in FLEETS["cubic"] if each.character is Character.STEADY}
PHONE = EXAMPLE_SOCKET.phone


@pytest.fixture(scope="module")
def world() -> Iterator[Vendor]:
    """A minute of this world is a second of ours."""
    options = (f"--players={PLAYERS}", "--devices=1", "--screens=1", "--speed=60", "--steady")
    with running_vendor("--latency=0", "--errors=0", "--gateway-port=0", *options) as vendor:
        yield vendor


@pytest.fixture
def gateway(world: Vendor) -> Account:
    """The gateway without faults and with nothing in its inbox."""
    world.tell("start", of="gateway")
    account = Account(world.gateway, KEY)
    wait_for(lambda: answers(account))
    return account


def answers(account: Account) -> bool:
    try:
        inbox(account)
    except GatewayError:
        return False
    return True


def inbox(account: Account) -> tuple[Received, ...]:
    assert DRIVER.inbox is not None
    return DRIVER.inbox(account)


def send(account: Account, text: str, phone: str = PHONE) -> Sent:
    return DRIVER.send(account, Outgoing("key", phone, text, 60))


def wait_for(what: Callable[[], Any], seconds: float = 10) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)
    return found


def heard(account: Account, phone: str = PHONE) -> str:
    """What a socket answers next."""

    def told() -> list[str]:
        return [message.text for message in inbox(account) if message.sender == phone]

    return str(wait_for(told)[0])


def side_by_side() -> tuple[SimulatedSocket, str, str]:
    """Return a D410 with a steady player on each line, and both players."""
    for socket in SOCKETS:
        if socket.model is SocketModel.D410:
            first, second = (line[0] for line in socket.players.values())
            if {first, second} <= STEADY:
                return socket, first, second
    raise AssertionError("no such socket")


def test_a_power_cycle_by_sms_brings_a_hung_player_back(world: Vendor, gateway: Account) -> None:
    assert world.player(EXAMPLE[0])["status"] == "offline"
    assert send(gateway, "#12#0#1#1#").outcome is Outcome.ACCEPTED
    assert heard(gateway) == "Розетка выключена. Таймер: 1 мин"
    assert world.player(EXAMPLE[0])["status"] == "offline"
    assert heard(gateway) == "Розетка включена"
    wait_for(lambda: world.player(EXAMPLE[0])["status"] == "online")


def test_a_player_that_was_told_to_hang_comes_back_by_its_power_alone(
    world: Vendor, gateway: Account
) -> None:
    socket = next(each for each in SOCKETS[1:] if set(each.players.get(1, ())) & STEADY)
    (player, *_) = set(socket.players[1]) & STEADY
    world.tell("hang", mac=player)
    assert world.player(player)["status"] == "offline"
    on, off = ("#01#", "#02#") if socket.model is SocketModel.D410 else ("#01#0#", "#02#0#")
    send(gateway, off, socket.phone)
    send(gateway, on, socket.phone)
    wait_for(lambda: world.player(player)["status"] == "online")


def test_a_d410_switches_one_line_and_leaves_the_other(world: Vendor, gateway: Account) -> None:
    socket, first, second = side_by_side()
    send(gateway, "#02#2#", socket.phone)
    wait_for(lambda: world.player(second)["status"] == "offline")
    assert world.player(first)["status"] == "online"
    time.sleep(1)  # a minute there
    assert world.player(second)["status"] == "offline", "nothing but an on brings it back"
    send(gateway, "#01#2#", socket.phone)
    wait_for(lambda: world.player(second)["status"] == "online")


def test_mains_that_are_lost_take_the_players_along_and_are_reported(
    world: Vendor, gateway: Account
) -> None:
    socket, first, second = side_by_side()
    world.tell("mains", of="sockets", socket=first, on=False)
    assert heard(gateway, socket.phone) in ("AC power lost!", "Пропало внешнее питание")
    assert {world.player(each)["status"] for each in (first, second)} == {"offline"}
    assert world.tell("mains", of="sockets", socket=first, on=True)["without_mains"] == []
    wait_for(lambda: world.player(second)["status"] == "online")


def test_a_socket_out_of_reach_neither_obeys_nor_answers(world: Vendor, gateway: Account) -> None:
    world.tell("silence", of="sockets", socket=PHONE)
    assert send(gateway, "#02#0#").outcome is Outcome.ACCEPTED
    time.sleep(0.3)
    assert world.tell("silence", of="sockets", socket=PHONE, silent=False)["off"] == []
    assert inbox(gateway) == ()


def test_another_administrator_is_told_of(world: Vendor, gateway: Account) -> None:
    world.tell("register", of="sockets", socket=PHONE, admin="+79161234567")
    send(gateway, "#00#")
    assert heard(gateway) == "Номер уже зарегистрирован"
    world.tell("register", of="sockets", socket=PHONE, admin=None)
    send(gateway, "#00#")
    assert heard(gateway) == "Администратор зарегистрирован"


def test_a_gateway_that_is_down_refuses_connections_until_it_is_up(
    world: Vendor, gateway: Account
) -> None:
    world.tell("stop", of="gateway")
    refused = (Outcome.REJECTED, Reason.REFUSED)
    wait_for(lambda: send(gateway, "#07#")[:2] == refused)
    world.tell("start", of="gateway")
    wait_for(lambda: send(gateway, "#07#").outcome is Outcome.ACCEPTED)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("http_500", Outcome.UNKNOWN),
        ("reset", Outcome.UNKNOWN),
        ("html", Outcome.UNKNOWN),
        ("bad_token", Outcome.REJECTED),
        ("too_many", Outcome.REJECTED),
    ],
)
def test_it_fails_as_it_is_told(
    world: Vendor, gateway: Account, fault: str, outcome: Outcome
) -> None:
    sent = world.tell("fault", of="gateway", fault=fault)["sent"]
    assert send(gateway, "#07#").outcome is outcome
    assert world.tell("start", of="gateway")["sent"] == sent


def test_a_message_may_be_out_though_the_gateway_did_not_say_so(
    world: Vendor, gateway: Account
) -> None:
    world.tell("fault", of="gateway", fault="reset", takes=True, numbers=[PHONE])
    assert send(gateway, "#27#").outcome is Outcome.UNKNOWN
    assert "GSM" in heard(gateway)


def test_a_network_that_loses_everything_is_told_of_by_nobody(
    world: Vendor, gateway: Account
) -> None:
    world.tell("network", of="gateway", loss=1)
    assert send(gateway, "#07#").outcome is Outcome.ACCEPTED
    time.sleep(0.3)
    assert world.tell("start", of="gateway")["network"]["lost"] >= 1
    assert inbox(gateway) == ()


def test_only_who_has_the_key_may_send_and_read(gateway: Account) -> None:
    wrong = Account(gateway.address, "another")
    assert send(wrong, "#07#")[:2] == (Outcome.REJECTED, Reason.CREDENTIALS)
    with pytest.raises(GatewayError):
        inbox(wrong)


def test_number_and_text_may_stand_in_the_address_too(gateway: Account) -> None:
    asked = gateway._replace(settings={"parameters": "query"})
    assert send(asked, "#27#").outcome is Outcome.ACCEPTED
    assert heard(gateway) == "Уровень сигнала GSM: 22"


def test_what_is_no_message_and_what_it_does_not_have_is_refused(gateway: Account) -> None:
    headers = {"Authorization": KEY}
    for form in ({}, {"number": "79995550001", "text": "#07#"}, {"number": PHONE}):
        answer = requests.post(f"{gateway.address}/send", form, headers=headers, timeout=5)
        assert answer.status_code == 400
    assert requests.get(f"{gateway.address}/other", headers=headers, timeout=5).status_code == 404


def test_a_text_to_nobody_is_taken_and_heard_of_no_more(gateway: Account) -> None:
    assert send(gateway, "#07#", "+79995559999").outcome is Outcome.ACCEPTED
    time.sleep(0.2)
    assert inbox(gateway) == ()


@pytest.mark.parametrize(
    ("of", "deed", "body", "status"),
    [
        ("gateway", "fault", b'{"fault": "duplicate"}', 400),
        ("gateway", "fault", b"{}", 400),
        ("gateway", "network", b'{"speed": 1}', 400),
        ("gateway", "network", b'{"loss": 2}', 400),
        ("gateway", "network", b'{"low": 9, "high": 1}', 400),
        ("gateway", "mains", b"{}", 400),
        ("sockets", "mains", b'{"socket": "+79995559999", "on": true}', 404),
    ],
)
def test_a_deed_that_makes_no_sense_is_refused(
    world: Vendor, of: str, deed: str, body: bytes, status: int
) -> None:
    found, reason = world.refusal(deed, body, of)
    assert found == status
    assert reason


def test_without_being_asked_for_there_is_no_gateway(vendor: Vendor) -> None:
    assert vendor.refusal("stop", of="gateway")[1].startswith("no such vendor")
