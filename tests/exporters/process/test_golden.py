"""The whole text of a small fleet of each kind, byte for byte."""

from pathlib import Path

from exporters import metrics
from exporters.kinds import KINDS
from exporters.kinds.shape import Account, Each, Kind, Listing
from exporters.process import figures
from exporters.process.fleet import Fleet
from exporters.process.snapshot import Exposition
from exporters.process.walk import Walk
from tests.exporters.process.addreality_web import device, page

GOLDEN = Path(__file__).parents[2] / "golden"
CUBIC, ADDREALITY = KINDS["cubic"], KINDS["addreality"]
NOW = 1000.0

ANSWERS = {
    "06:42:40:92:60:B4": '[{"status": "offline", "name": "ММ Зауролоф LED",'
    ' "ip": "192.168.111.27", "outIp": "94.72.61.150"}]',
    "06:42:40:92:60:B5": r'[{"status": "online", "name": "\"A\\B\"\nC", "ip": null}]',
    "06:42:40:92:60:B6": "[]",
    "06:42:40:92:60:B7": '[{"status": "rebooting", "name": "Hall"}]',
    "06:42:40:92:60:B8": "<html>",
}
LISTED = [
    device(234, name="Mall 3, entrance", last_online="2025-07-07T10:15:00Z"),
    device(235, name='"A\\B"\nC', connection_state="offline", player_status="pause"),
    device(236, connection_state="rebooting", player_status=None, last_online=""),
    device(237, name="Twice"),
    device(237, name="Twice", connection_state="offline"),
    {"id": "a-b.c", "connection_state": "online"},
    {"name": "No id", "connection_state": "offline"},
]


def text(kind: Kind, *fleets: Fleet) -> bytes:
    """Return what is served of the fleets."""
    families = [
        metrics.device_status(kind.name, kind.identity),
        metrics.device_unknown(kind.name, kind.identity),
        metrics.device_info(kind.name, kind.identity, kind.info_labels),
        *(
            metrics.device_value(kind.name, kind.identity, value.name, value.help)
            for value in kind.values
        ),
        *figures.FAMILIES,
    ]
    exposition = Exposition([(family.name, family.header()) for family in families], lambda: NOW)
    exposition.fleets += fleets
    return b"".join(part.plain for part in exposition.publish().parts)


def judged(fleet: Fleet, **errors: int) -> Fleet:
    """Have a good poll end."""
    fleet.figures.up = True
    fleet.figures.last_success = 1751883300.0
    fleet.figures.duration = 0.25
    fleet.figures.errors.update(errors)
    return fleet


def test_a_small_fleet_of_cubicmedia_is_written_as_it_always_was() -> None:
    way = CUBIC.open(Account("http://vendor/"))
    assert isinstance(way, Each)
    fleet = Fleet(CUBIC, 4, 1, max_age=90)
    fleet.set_devices(dict.fromkeys(ANSWERS, "Name in Remosa"), {})
    for mac, body in ANSWERS.items():
        fleet.learn(mac, way.read(mac, body.encode()), NOW)
    empty = Fleet(CUBIC, 5, 2, max_age=90)
    served = text(CUBIC, judged(fleet, malformed=1, odd_status=1), empty)
    assert served == (GOLDEN / "cubic_metrics.txt").read_bytes()


def test_a_small_fleet_of_addreality_is_written_as_it_always_was() -> None:
    way = ADDREALITY.open(Account("http://vendor/", {"api_token": "secret"}))
    assert isinstance(way, Listing)
    walk = Walk(100)
    walk.take(way.read(page(LISTED)), NOW)
    fleet = Fleet(ADDREALITY, 7, 2, max_age=90)
    fleet.set_devices(dict.fromkeys(walk.found, ""), {})
    for identity, (reading, at) in walk.found.items():
        fleet.learn(identity, reading, at)
    fleet.figures.truncated, fleet.figures.dropped, fleet.figures.missing = True, 12, 3
    empty = Fleet(ADDREALITY, 8, 3, max_age=90)
    served = text(ADDREALITY, judged(fleet, malformed=1, odd_status=1, duplicate=1), empty)
    assert served == (GOLDEN / "addreality_metrics.txt").read_bytes()
