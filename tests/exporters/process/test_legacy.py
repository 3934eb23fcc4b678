"""The old metric names: off by default, and never two values for one series."""

from exporters import metrics
from exporters.kinds import KINDS
from exporters.kinds.shape import Reading, Status
from exporters.process.fleet import Fleet
from exporters.process.legacy import LegacyNames
from exporters.process.snapshot import Exposition
from tests.exporters.process.conftest import RunExporter
from tests.exporters.process.web import Remosa, Vendor, mac

CUBIC = KINDS["cubic"]


def lines(exposition: Exposition, family: str) -> list[str]:
    chunks = LegacyNames(exposition).chunks(family)
    return b"".join(ready.plain for ready in chunks).decode().splitlines()


def test_two_devices_with_one_name_in_a_platform_are_left_out() -> None:
    exposition = Exposition([], lambda: 0.0)
    for exporter_id, platform_id in ((1, 1), (2, 1), (3, 2)):
        fleet = Fleet(CUBIC, exporter_id, platform_id, 90)
        fleet.set_devices(dict.fromkeys((mac(1), mac(2)), ""), {})
        for number, name in ((1, "Hall"), (2, f"Own {exporter_id}")):
            reading = Reading(Status.ONLINE, "", {"name": name, "ip": "10.0.0.1", "outip": ""})
            fleet.learn(mac(number), reading, now=0)
        exposition.fleets.append(fleet)
    assert lines(exposition, metrics.LEGACY_STATUS.name) == [
        'json_exporter_device_status{name="Own 1",platform_id="1"} 1.0',
        'json_exporter_device_status{name="Own 2",platform_id="1"} 1.0',
        'json_exporter_device_status{name="Hall",platform_id="2"} 1.0',
        'json_exporter_device_status{name="Own 3",platform_id="2"} 1.0',
    ]


def test_the_old_names_say_what_the_new_ones_say(
    exporter: RunExporter, vendor: Vendor, remosa: Remosa
) -> None:
    remosa.set({4: [mac(1)]})
    with exporter(LEGACY_METRICS="1", MAX_AGE="2") as process:
        process.until(lambda: bool(process.statuses()))
        text = process.text()
        assert 'json_exporter_device_status{name="Hall LED",platform_id="1"} 1.0\n' in text
        assert (
            'json_exporter_device_info{ip="10.0.0.1",name="Hall LED",platform_id="1"} 1.0\n' in text
        )
        vendor.body = b"<html>"
        process.until(lambda: process.statuses() == {})
        assert "json_exporter_device_status{" not in process.text()


def test_they_are_off_unless_asked_for(exporter: RunExporter, remosa: Remosa) -> None:
    remosa.set({4: [mac(1)]})
    with exporter() as process:
        process.until(lambda: bool(process.statuses()))
        assert "json_exporter" not in process.text()
