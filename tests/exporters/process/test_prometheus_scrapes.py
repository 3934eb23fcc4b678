"""A real Prometheus reads what the process serves."""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.exporters.process import web
from tests.exporters.process.certificates import Authority
from tests.exporters.process.conftest import RunExporter
from tests.exporters.process.web import Handler, Remosa, Vendor, mac
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


def test_prometheus_scrapes_by_https_with_a_token_what_service_discovery_calls_https(
    exporter: RunExporter,
    remosa: Remosa,
    tmp_path: Path,
    prometheus: Callable[[str], PrometheusServer],
) -> None:
    remosa.set({4: [mac(1)]})
    authority = Authority(tmp_path)
    cert, key = authority.issue("exporter.example")
    (tmp_path / "web.yml").write_text(f"tls_server_config: {{cert_file: {cert}, key_file: {key}}}")
    settings = {"WEB_CONFIG_FILE": str(tmp_path / "web.yml"), "METRICS_TOKEN": "t0ken"}
    with exporter(**settings) as process:
        target = process.url.removeprefix("https://")
        groups = [{"targets": [target], "labels": {"__scheme__": "https"}}]

        def discover(handler: Handler) -> None:
            handler.send(200, json.dumps(groups).encode())

        with web.serving(discover) as discovery:
            server = prometheus(
                "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\n"
                "scrape_configs:\n"
                "  - job_name: remosa\n"
                f"    http_sd_configs: [{{url: '{discovery.url}/'}}]\n"
                "    authorization: {type: Bearer, credentials: t0ken}\n"
                f"    tls_config: {{ca_file: '{authority.file}'}}\n"
            )
            until(lambda: len(ask(server, f"{STATUS} == 1")) == 1)
            assert [value for _labels, value in ask(server, "up")] == [1.0]
