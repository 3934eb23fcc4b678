"""100,000 damaged answers in which every device was online: no crash, nobody turns offline."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from exporters.kinds import KINDS, strict_json
from exporters.kinds.shape import Account, Each, Listing, Reading, Status
from exporters.process.fleet import Fleet
from exporters.process.walk import Walk
from tests.exporters.kinds.mutants import mutants
from tests.exporters.process.addreality_web import device, page

SEED = 20251122
EACH = 50_000
MAC = "06:42:40:92:60:B4"

PLAYER = {"status": "online", "name": "Hall LED", "ip": "192.168.111.27", "outIp": "94.72.61.150"}
# A name and a time zone that hold the dangerous word: a splice may put it where it counts.
CUBIC_ANSWERS = [
    json.dumps([PLAYER]).encode(),
    json.dumps([{**PLAYER, "name": "offline", "ip": None}]).encode(),
    json.dumps([{"status": "online"}], indent=2).encode(),
]
ADDREALITY_ANSWERS = [
    page([device(1), device(2), device(3)]),
    page([device(1, name="offline", time_zone="offline"), device(4, player_status="pause")]),
    json.dumps({"data": [device(5, last_online="", activation_state=False)]}, indent=2).encode(),
]


def says_offline(body: bytes, field: str) -> bool:
    """Tell, by Python's own lenient reader, whether an answer really says so of some device."""
    try:
        tree = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return any(each.get(field) == "offline" for each in _objects(tree))


def _objects(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def outcome(reading: Reading) -> str:
    return reading.reason or reading.status.value


def test_cubicmedia() -> None:
    way = KINDS["cubic"].open(Account("http://vendor/"))
    assert isinstance(way, Each)
    fleet = Fleet(KINDS["cubic"], 4, 1, 90)
    fleet.set_devices({MAC: ""}, {})
    outcomes: Counter[str] = Counter()
    for number, body in enumerate(islice(mutants(SEED, CUBIC_ANSWERS), EACH)):
        reading = way.read(MAC, body)
        outcomes[outcome(reading)] += 1
        fleet.learn(MAC, reading, number)
        is_offline = reading.status is Status.OFFLINE
        assert fleet.figures.devices["offline"] == is_offline
        if is_offline:
            assert says_offline(body, "status"), body
            fleet.set_devices({}, {})
            fleet.set_devices({MAC: ""}, {})
    assert outcomes.total() == EACH
    assert outcomes["malformed"] > EACH / 3
    assert outcomes["online"] > EACH / 20
    assert min(outcomes[each] for each in ("not_found", "odd_status", "duplicate")) > 100
    assert outcomes["offline"] < 100  # each of them was really written


def test_addreality() -> None:
    way = KINDS["addreality"].open(Account("http://vendor/", {"api_token": "secret"}))
    assert isinstance(way, Listing)
    fleet = Fleet(KINDS["addreality"], 7, 2, 90)
    outcomes: Counter[str] = Counter()
    answers = 0
    for number, body in enumerate(islice(mutants(SEED, ADDREALITY_ANSWERS), EACH)):
        answers += 1
        walk = Walk(100)
        try:
            walk.take(way.read(body), number)
        except strict_json.MalformedError:
            outcomes["malformed"] += 1
            continue
        fleet.set_devices(dict.fromkeys(walk.found, ""), {})
        for identity, (reading, at) in walk.found.items():
            outcomes[outcome(reading)] += 1
            fleet.learn(identity, reading, at)
        if fleet.figures.devices["offline"]:
            assert says_offline(body, "connection_state"), body
    assert answers == EACH
    assert outcomes["malformed"] > EACH / 3
    assert outcomes["online"] > EACH / 20
    assert min(outcomes[each] for each in ("odd_status", "duplicate")) > 100
    assert outcomes["offline"] < 100


def test_the_damage_is_the_same_in_every_run() -> None:
    ten = [list(islice(mutants(SEED, CUBIC_ANSWERS), 10)) for _time in range(2)]
    assert ten[0] == ten[1] != list(islice(mutants(SEED + 1, CUBIC_ANSWERS), 10))
