"""A real Prometheus reads what the process serves."""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable

from tests.exporters.process.conftest import RunExporter
from tests.exporters.process.web import Remosa, Vendor, mac
from tests.prometheus_server import PrometheusServer

STATUS = "remosa_exporter_cubic_device_status"
INFO = "remosa_exporter_cubic_device_info"


def ask(prometheus: PrometheusServer, query: str) -> list[tuple[dict[str, str], float]]:
    address = f"{prometheus.url}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310
        found = json.load(answer)["data"]["result"]
    return [(each["metric"], float(each["value"][1])) for each in found]


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_new_address_leaves_one_status_series_and_a_dead_vendor_leaves_none(
    exporter: RunExporter,
    vendor: Vendor,
    remosa: Remosa,
    prometheus: Callable[[str], PrometheusServer],
) -> None:
    names = ["ММ Зауролоф LED", 'quo"te', "back\\slash", "two\nlines", "lone \ud800", "\u202eleft"]
    devices = {mac(number): name for number, name in enumerate(names, start=1)}
    remosa.set({4: list(devices)})

    def say(address: str) -> None:
        for device, name in devices.items():
            player = {"status": "offline", "name": name, "ip": address}
            vendor.bodies[device] = json.dumps([player]).encode()

    say("10.0.0.1")
    with exporter(MAX_AGE="3") as process:
        target = process.url.removeprefix("http://")
        server = prometheus(
            "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\n"
            f"scrape_configs: [{{job_name: remosa, static_configs: [{{targets: ['{target}']}}]}}]\n"
        )
        until(lambda: len(ask(server, f"{STATUS} == 0")) == len(devices))
        say("10.0.0.2")
        until(lambda: len(ask(server, INFO + '{ip="10.0.0.2"}')) == len(devices))
        assert len(ask(server, f"count_over_time({STATUS}[5m])")) == len(devices)
        assert len(ask(server, f"count_over_time({INFO}[5m])")) == 2 * len(devices)
        served = {labels["name"] for labels, _value in ask(server, INFO + '{ip="10.0.0.2"}')}
        assert served == {name.replace("\ud800", "\ufffd") for name in names}
        assert [value for _labels, value in ask(server, "up")] == [1.0]

        vendor.bodies.clear()
        vendor.body = b"<html>"
        until(lambda: ask(server, STATUS) == [])
        assert [value for _labels, value in ask(server, "remosa_exporter_source_up")] == [0.0]
        assert len(ask(server, INFO)) == len(devices)
