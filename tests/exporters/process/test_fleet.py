"""What is known of the devices of one source, and when it stops being known."""

import math
import random

from exporters import metrics
from exporters.kinds import KINDS
from exporters.kinds.shape import Reading, Reason, Status, unknown
from exporters.process.fleet import Fleet
from exporters.process.snapshot import CHUNK_LINES
from tests.exporters.process.web import mac

CUBIC = KINDS["cubic"]
A, B = mac(1), mac(2)
INFO = {"ip": "10.0.0.1", "name": "Hall", "outip": ""}
ONLINE, OFFLINE = Reading(Status.ONLINE, "", INFO), Reading(Status.OFFLINE, "", INFO)
MAX_AGE = 90.0

STATUS = metrics.device_status("cubic", "mac").name
UNKNOWN = metrics.device_unknown("cubic", "mac").name
INFOS = metrics.device_info("cubic", "mac", CUBIC.info_labels).name


def make(*identities: str) -> Fleet:
    fleet = Fleet(CUBIC, 4, 1, MAX_AGE)
    fleet.set_devices(dict.fromkeys(identities, ""), {})
    fleet.figures.up = True
    return fleet


def text(fleet: Fleet, family: str) -> str:
    return b"".join(ready.plain for ready in fleet.chunks(family)).decode()


def test_a_status_is_served_until_it_is_too_old_and_not_a_moment_longer() -> None:
    fleet = make(A)
    fleet.learn(A, OFFLINE, now=100)
    assert fleet.expire(now=100 + MAX_AGE - 0.01) == 100 + MAX_AGE
    assert text(fleet, STATUS).endswith(" 0.0\n")
    assert fleet.expire(now=100 + MAX_AGE) == math.inf
    assert text(fleet, STATUS) == ""
    assert 'reason="stale"' in text(fleet, UNKNOWN)
    assert fleet.figures.devices == {
        "online": 0, "offline": 0, "unknown": 0, "not_found": 0, "stale": 1,
    }  # fmt: skip


def test_the_same_answer_again_makes_a_status_young_again() -> None:
    fleet = make(A)
    fleet.learn(A, ONLINE, now=100)
    fleet.learn(A, ONLINE, now=150)
    fleet.expire(now=100 + MAX_AGE)
    assert text(fleet, STATUS).endswith(" 1.0\n")
    fleet.expire(now=150 + MAX_AGE)
    assert text(fleet, STATUS) == ""
    fleet.learn(A, ONLINE, now=300)
    assert text(fleet, STATUS).endswith(" 1.0\n")


def test_a_failure_keeps_the_status_until_it_is_too_old_and_is_then_the_reason() -> None:
    fleet = make(A)
    fleet.learn(A, ONLINE, now=100)
    fleet.fail(A, Reason.TIMEOUT.value)
    fleet.expire(now=100 + MAX_AGE / 2)
    assert text(fleet, STATUS).endswith(" 1.0\n")
    assert text(fleet, UNKNOWN) == ""
    fleet.expire(now=100 + MAX_AGE)
    assert 'reason="timeout"' in text(fleet, UNKNOWN)
    fleet.fail(A, Reason.HTTP_5XX.value)
    assert 'reason="http_5xx"' in text(fleet, UNKNOWN)


def test_what_the_vendor_says_of_the_device_ends_the_status_at_once() -> None:
    for reason, state in ((Reason.NOT_FOUND, "not_found"), (Reason.ODD_STATUS, "unknown")):
        fleet = make(A)
        fleet.learn(A, ONLINE, now=100)
        fleet.learn(A, unknown(reason), now=101)
        assert text(fleet, STATUS) == ""
        assert f'reason="{reason}"' in text(fleet, UNKNOWN)
        assert fleet.figures.devices[state] == 1
        assert "Hall" in text(fleet, INFOS)


def test_while_the_source_is_down_no_single_device_is_called_unknown() -> None:
    fleet = make(A)
    fleet.fail(A, "http_5xx")
    assert text(fleet, UNKNOWN) != ""
    fleet.figures.up = False
    assert text(fleet, UNKNOWN) == ""


def test_a_new_address_changes_the_info_and_not_the_status_series() -> None:
    fleet = make(A)
    assert fleet.learn(A, ONLINE, now=1)
    before = text(fleet, STATUS)
    assert fleet.learn(A, Reading(Status.ONLINE, "", {**INFO, "ip": "10.0.0.2"}), now=2)
    assert text(fleet, STATUS) == before
    assert 'ip="10.0.0.2"' in text(fleet, INFOS)
    assert "10.0.0.1" not in text(fleet, INFOS)


def test_remosas_name_stands_in_for_one_that_the_vendor_lacks() -> None:
    fleet = Fleet(CUBIC, 4, 1, MAX_AGE)
    fleet.set_devices({A: "Entrance"}, {})
    assert text(fleet, INFOS) == ""
    fleet.learn(A, Reading(Status.ONLINE, "", {**INFO, "name": ""}), now=1)
    assert 'name="Entrance"' in text(fleet, INFOS)
    fleet.set_devices({A: "Exit"}, {})
    assert 'name="Exit"' in text(fleet, INFOS)


def test_a_removed_device_leaves_no_line_and_its_place_to_another() -> None:
    fleet = make(A, B)
    fleet.learn(A, ONLINE, now=1)
    fleet.learn(B, OFFLINE, now=1)
    assert fleet.set_devices({B: "", mac(3): ""}, {}) == [mac(3)]
    for family in (STATUS, UNKNOWN, INFOS):
        assert A not in text(fleet, family)
    fleet.learn(mac(3), ONLINE, now=1)
    fleet.learn(A, ONLINE, now=1)  # an answer that was still under way
    fleet.fail(A, "timeout")
    assert text(fleet, STATUS).count("\n") == 2
    assert sum(fleet.figures.devices.values()) == 2


def test_a_text_that_cannot_be_served_as_it_came_is_repaired_and_counted() -> None:
    fleet = make(A, B)
    fleet.learn(A, Reading(Status.ONLINE, "", {**INFO, "name": "Hall \ud800\0"}), now=1)
    fleet.learn(B, ONLINE, now=1)
    assert fleet.repaired == {A: "name"}
    assert 'name="Hall \ufffd\ufffd"' in text(fleet, INFOS)
    fleet.learn(A, ONLINE, now=2)
    assert fleet.repaired == {}


def test_in_any_order_of_events_exactly_the_young_statuses_are_served() -> None:
    chance = random.Random(7)
    devices = [mac(number) for number in range(1, 2 * CHUNK_LINES + 50)]
    fleet = make(*devices)
    answered: dict[str, float] = {}
    now = 0.0
    for _turn in range(3000):
        now += chance.random()
        device = chance.choice(devices)
        deed = chance.choice(("learn", "learn", "fail", "not_found", "expire"))
        if deed == "learn":
            fleet.learn(device, chance.choice((ONLINE, OFFLINE)), now)
            answered[device] = now
        elif deed == "fail":
            fleet.fail(device, "timeout")
        elif deed == "not_found":
            fleet.learn(device, unknown(Reason.NOT_FOUND), now)
            answered.pop(device, None)
        else:
            following = fleet.expire(now)
            answered = {name: at for name, at in answered.items() if at > now - MAX_AGE}
            served = {line.split('"')[3] for line in text(fleet, STATUS).splitlines()}
            assert served == set(answered)
            # May be early, never late: early costs a look, late would serve an old status.
            assert following <= min(answered.values(), default=math.inf) + MAX_AGE
    assert sum(fleet.figures.devices.values()) == len(devices)
