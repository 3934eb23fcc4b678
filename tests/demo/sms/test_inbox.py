"""What the gateway's list shows: seldom without a time, seldom a message twice."""

import json
from collections import Counter

from demo.present import Clock, World
from demo.sms.agenda import Agenda
from demo.sms.control import DEEDS_OF_SMS, GatewayDoor, SocketsDoor
from demo.sms.crowd import Crowd
from demo.sms.gateway import KEY, Gateway
from demo.sms.network import Network
from demo.sms.wiring import installed
from demo.vendors import Sizes
from demo.vendors.shape import Request

MANY = 1000
LIST = Request("GET", "/sms", "", f"GET /sms HTTP/1.1\r\nAuthorization: {KEY}".encode(), b"")


def listed(seed: int) -> list[list[dict[str, str]]]:
    """Let many messages come in at once; return three lists after each other."""
    gateway = Gateway(Clock(), Network(Agenda(), seed))
    for number in range(MANY):
        gateway.take("+79995550001", f"text {number}", 5.0)
    lists = []
    for _ in range(3):
        body = json.loads(gateway.answer(LIST).wire.partition(b"\r\n\r\n")[2])
        lists.append(body.get("sms_messages", []))
        assert lists[-1] or body["status"] == "no new sms"
    return lists


def test_a_few_messages_are_listed_once_more_and_a_few_have_no_time() -> None:
    first, second, third = listed(7)
    assert len(first) == MANY
    assert 0.03 < len(second) / MANY < 0.07
    assert third == []
    assert 0.03 < sum("timestamp" not in message for message in first) / MANY < 0.07
    assert all(message in first for message in second)


def test_the_same_seed_repeats_the_same_messages() -> None:
    again = [[message["message"] for message in each] for each in listed(7)]
    assert again == [[message["message"] for message in each] for each in listed(7)]
    assert again != [[message["message"] for message in each] for each in listed(8)]


def test_sockets_lose_their_mains_now_and_then_and_get_them_back() -> None:
    agenda, told = Agenda(), Counter[str]()
    fleets = Sizes().fleets()
    world = World(fleets["cubic"], Clock())
    crowd = Crowd(
        installed(fleets), world, Network(agenda, 7), lambda sender, text, at: told.update([text])
    )
    agenda.advance(24 * 3600)
    lost = told["AC power lost!"] + told["Пропало внешнее питание"]
    back = told["AC power restored"] + told["Внешнее питание восстановлено"]
    assert 100 < lost < 500
    assert abs(lost - back) < 15  # a few are lost on their way
    assert sum(not socket.has_mains for socket in crowd.sockets.values()) < 5


def test_tell_vendor_offers_every_deed_on_the_gateway_and_on_sockets() -> None:
    network = Network(Agenda(), 7)
    gateway = Gateway(Clock(), network)
    doors = (
        GatewayDoor(gateway),
        SocketsDoor(Crowd((), World((), Clock()), network, gateway.take), Clock().now),
    )
    assert {deed for door in doors for deed in door.deeds} == set(DEEDS_OF_SMS)
