"""The command as a process of its own: what it serves, how it starts and ends."""

import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.exporters.process import child, web
from tests.exporters.process.conftest import RunExporter
from tests.exporters.process.web import Handler, Remosa, Vendor, Web, mac

A, B = mac(1), mac(2)


def test_it_serves_the_example_device_byte_for_byte(
    exporter: RunExporter, vendor: Vendor, remosa: Remosa, promtool: str
) -> None:
    device = "06:42:40:92:60:B4"
    remosa.set({4: [device]})
    vendor.body = (
        '[{"status": "offline", "name": "ММ Зауролоф LED", "ip": "192.168.111.27",'
        ' "outIp": "94.72.61.150"}]'
    ).encode()
    with exporter() as process:
        process.until(lambda: process.statuses() == {device: 0})
        lines = process.text().splitlines()
        checked = subprocess.run(
            [promtool, "check", "metrics"],
            input=process.text(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert (
        'remosa_exporter_cubic_device_status{exporter_id="4",mac="06:42:40:92:60:B4"'
        ',platform_id="1"} 0.0'
    ) in lines
    assert (
        'remosa_exporter_cubic_device_info{exporter_id="4",ip="192.168.111.27"'
        ',mac="06:42:40:92:60:B4",name="ММ Зауролоф LED",outip="94.72.61.150",platform_id="1"} 1.0'
    ) in lines
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_it_starts_without_any_secret_of_the_web_application_and_touches_no_database(
    exporter: RunExporter, remosa: Remosa, tmp_path: Path
) -> None:
    remosa.set({4: [A]})
    with exporter() as process:
        process.until(lambda: process.statuses() == {A: 1})
        names = {
            Path(os.readlink(fd)).name for fd in Path(f"/proc/{process.process.pid}/fd").iterdir()
        }
    assert not any("db" in name for name in names)
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {".remosa", process.log_file.name, process.said_file.name}


def test_it_asks_for_exactly_the_macs_in_the_list_as_they_are_written(
    exporter: RunExporter, vendor: Vendor, vendor_web: Web, remosa: Remosa
) -> None:
    remosa.set({4: [A]})
    paths = []

    def look(handler: Handler) -> None:
        paths.append(handler.path)
        vendor(handler)

    vendor_web.behaviour = look
    with exporter() as process:
        process.until(lambda: process.statuses() == {A: 1})
    assert set(paths) == {f"/status?mac={A}"}


def test_it_bounds_its_requests_and_keeps_its_connections(
    exporter: RunExporter, vendor: Vendor, vendor_web: Web, remosa: Remosa
) -> None:
    remosa.set({4: [mac(number) for number in range(1, 61)]}, max_concurrency=5)
    vendor.delay = 0.02
    with exporter() as process:
        process.until(lambda: vendor_web.asked >= 120)
    assert 3 <= vendor_web.most_at_once <= 5
    assert vendor_web.connections <= 10


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_seconds_while_everything_hangs(
    number: signal.Signals, exporter: RunExporter, vendor_web: Web, remosa: Remosa, remosa_web: Web
) -> None:
    remosa.set({4: [mac(count) for count in range(1, 101)]})
    with exporter(TIMEOUT="300", POLL_INTERVAL="1") as process:
        process.until(lambda: len(process.statuses()) == 100)
        vendor_web.behaviour = remosa_web.behaviour = web.hang
        process.until(lambda: vendor_web.at_once == 50)
        with socket.create_connection(("127.0.0.1", urlsplit(process.url).port or 0)):
            code, seconds = process.stop(number)
    assert code == 0
    assert seconds < 5


def end(tmp_path: Path, environment: dict[str, str], *options: str) -> tuple[int, str]:
    """Run the command until it ends by itself; return its code and what it wrote."""
    process = child.Exporter(tmp_path, environment, *options)
    code = process.process.wait(timeout=30)
    return code, process.log


def test_a_taken_port_is_one_clear_line_and_code_2(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environment["WEB_LISTEN_ADDRESS"] = f"127.0.0.1:{port}"
        code, log = end(tmp_path, environment)
    assert code == 2
    assert log.splitlines()[-1].endswith(
        f"cannot listen at 127.0.0.1:{port}: Address already in use"
    )
    assert "Traceback" not in log


def test_a_bad_setting_is_one_clear_line_and_code_2(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment["POLL_INTERVAL"] = "often"
    assert end(tmp_path, environment) == (
        2,
        (
            "remosa exporter cubic 0.1.0: POLL_INTERVAL: 'often' cannot be used;"
            " accepted: a number of seconds from 1 to 86400\n"
        ),
    )


def test_settings_come_from_a_file_too_and_the_environment_wins(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("TIMEOUT=never\nMAX_AGE=nonsense\n")
    environment["MAX_AGE"] = "60"
    environment.pop("TIMEOUT")
    code, log = end(tmp_path, environment)
    assert code == 2
    assert log.startswith("remosa exporter cubic 0.1.0: TIMEOUT: 'never' cannot be used")


def test_the_command_line_wins_over_the_environment(
    environment: dict[str, str], tmp_path: Path
) -> None:
    code, log = end(tmp_path, environment, "--web.listen-address", "nowhere")
    assert code == 2
    assert "WEB_LISTEN_ADDRESS: 'nowhere'" in log


def test_a_storm_of_scrapes_never_reaches_the_vendor(
    exporter: RunExporter, vendor: Vendor, vendor_web: Web, remosa: Remosa
) -> None:
    remosa.set({4: [mac(number) for number in range(1, 51)]})
    with exporter(POLL_INTERVAL="600", MAX_AGE="600") as process:
        process.until(lambda: len(process.statuses()) == 50)
        asked, connections = vendor_web.asked, vendor_web.connections
        assert asked == 50
        scrapes: list[int] = []

        def scrape() -> None:
            for _turn in range(25):
                scrapes.append(process.text().count("cubic_device_status{"))
                process.get("/")

        threads = [threading.Thread(target=scrape) for _number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert scrapes == [50] * 1000
        assert (vendor_web.asked, vendor_web.connections) == (asked, connections)
        assert set(vendor.asked.values()) == {1}


def test_the_log_can_be_json(exporter: RunExporter) -> None:
    with exporter("--log.format=json") as process:
        assert '"event": "Serving at http://127.0.0.1:' in process.log


def test_debug_mode_tells_of_each_request_and_its_result(
    exporter: RunExporter, vendor: Vendor, remosa: Remosa
) -> None:
    remosa.set({4: [A, B]})
    vendor.bodies[B] = b"[]"
    with exporter(DEBUG_MODE="true") as process:
        process.until(lambda: f"asked for {A}: online (HTTP 200, " in process.log)
        process.until(lambda: f"asked for {B}: not_found (HTTP 200, 2 bytes" in process.log)


def test_300_half_open_connections_do_not_hold_up_an_honest_scrape(
    exporter: RunExporter, remosa: Remosa
) -> None:
    remosa.set({4: [mac(number) for number in range(1, 501)]})
    with exporter(MAX_AGE="60") as process:
        process.until(lambda: len(process.statuses()) == 500)
        address = ("127.0.0.1", urlsplit(process.url).port or 0)
        half_open = [socket.create_connection(address) for _number in range(350)]
        for connection in half_open:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        dripping = threading.Event()

        def drip() -> None:
            while not dripping.wait(0.5):
                for connection in half_open:
                    try:
                        connection.sendall(b"a")
                    except OSError:
                        continue

        dripper = threading.Thread(target=drip)
        dripper.start()
        slowest = 0.0
        for _turn in range(20):
            started = time.monotonic()
            assert len(process.statuses()) == 500
            slowest = max(slowest, time.monotonic() - started)
        assert slowest <= 1
        time.sleep(6)
        dripping.set()
        dripper.join()
        closed = 0
        for connection in half_open:
            connection.settimeout(5)
            try:
                closed += connection.recv(1) == b""
            except ConnectionError:
                closed += 1
            connection.close()
        assert closed == 350  # none outlives the five seconds a request may take to come
