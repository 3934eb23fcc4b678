"""The whole text of a small fleet, byte for byte."""

from pathlib import Path

from exporters import metrics
from exporters.kinds import KINDS
from exporters.process import figures
from exporters.process.fleet import Fleet
from exporters.process.snapshot import Exposition

GOLDEN = Path(__file__).parents[2] / "golden" / "cubic_metrics.txt"
CUBIC = KINDS["cubic"]
NOW = 1000.0

ANSWERS = {
    "06:42:40:92:60:B4": '[{"status": "offline", "name": "ММ Зауролоф LED",'
    ' "ip": "192.168.111.27", "outIp": "94.72.61.150"}]',
    "06:42:40:92:60:B5": r'[{"status": "online", "name": "\"A\\B\"\nC", "ip": null}]',
    "06:42:40:92:60:B6": "[]",
    "06:42:40:92:60:B7": '[{"status": "rebooting", "name": "Hall"}]',
    "06:42:40:92:60:B8": "<html>",
}


def test_a_small_fleet_is_written_as_it_always_was() -> None:
    families = [
        metrics.device_status("cubic", "mac"),
        metrics.device_unknown("cubic", "mac"),
        metrics.device_info("cubic", "mac", CUBIC.info_labels),
        *figures.FAMILIES,
    ]
    exposition = Exposition([(family.name, family.header()) for family in families], lambda: NOW)
    fleet = Fleet(CUBIC, 4, 1, max_age=90)
    fleet.set_devices(dict.fromkeys(ANSWERS, "Name in Remosa"), {})
    for mac, body in ANSWERS.items():
        fleet.learn(mac, CUBIC.read((mac,), body.encode())[mac], NOW)
    fleet.figures.up = True
    fleet.figures.last_success = 1751883300.0
    fleet.figures.duration = 0.25
    fleet.figures.errors.update(malformed=1, odd_status=1)
    empty = Fleet(CUBIC, 5, 2, max_age=90)
    exposition.fleets += [fleet, empty]
    text = b"".join(part.plain for part in exposition.publish().parts)
    assert text == GOLDEN.read_bytes()
