"""The command as a process of its own: start, restart, end, and a Remosa that comes and goes."""

import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.exporters.process import child, web
from tests.exporters.process.conftest import RunExporter
from tests.exporters.process.web import Handler, Remosa, Vendor, Web, mac

A, B, C = mac(1), mac(2), mac(3)
CACHE = ".remosa/cubic_exporter.sqlite3"
DEVICE_INFO = "remosa_exporter_cubic_device_info"


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
    assert {path.name for path in tmp_path.iterdir()} == {".remosa", "exporter-0.log"}


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


def test_a_new_mac_is_asked_for_without_waiting_for_the_next_poll(
    exporter: RunExporter, vendor: Vendor, remosa: Remosa
) -> None:
    remosa.set({4: [A]})
    with exporter(POLL_INTERVAL="3600") as process:
        process.until(lambda: process.statuses() == {A: 1})
        remosa.set({4: [A, B]})
        process.until(lambda: process.statuses() == {A: 1, B: 1}, seconds=25)
        remosa.set({4: [B]})
        process.until(lambda: process.statuses() == {B: 1}, seconds=25)
        assert len(process.samples(DEVICE_INFO)) == 1
    assert vendor.asked == {A: 1, B: 1}


def test_a_disabled_exporter_is_asked_nothing_more(
    exporter: RunExporter, vendor: Vendor, remosa: Remosa
) -> None:
    remosa.set({4: [A], 5: [B]})
    with exporter() as process:
        process.until(lambda: process.statuses() == {A: 1, B: 1})
        remosa.entries[0]["enabled"] = False
        remosa.rows.pop(0)
        remosa.version += 1
        process.until(lambda: process.statuses() == {B: 1}, seconds=25)
        asked = vendor.asked[A]
        process.until(lambda: vendor.asked[B] > asked + 3)
        assert vendor.asked[A] == asked


def test_what_the_admin_sets_holds_unless_the_environment_says_otherwise(
    exporter: RunExporter, remosa: Remosa
) -> None:
    remosa.set({4: [A]}, poll_interval=7, timeout=3, max_concurrency=9)
    with exporter(POLL_INTERVAL="", TIMEOUT="2.5") as process:
        process.until(
            lambda: "every 7 s, 9 at once, timeout 2.5 s, kept 21 s" in process.get("/")[1]
        )


def test_values_of_the_admin_that_make_no_sense_leave_the_defaults(
    exporter: RunExporter, remosa: Remosa
) -> None:
    remosa.set({4: [A]}, poll_interval=-1, timeout="soon", max_concurrency=None)
    with exporter(POLL_INTERVAL="", TIMEOUT="") as process:
        process.until(
            lambda: "every 30 s, 50 at once, timeout 10 s, kept 90 s" in process.get("/")[1]
        )


def test_it_goes_on_with_the_last_list_while_remosa_is_away(
    exporter: RunExporter, vendor: Vendor, remosa: Remosa
) -> None:
    remosa.set({4: [A, B]})
    with exporter() as process:
        process.until(lambda: process.statuses() == {A: 1, B: 1})
        remosa.code = 500
        process.until(lambda: "Remosa answered HTTP 500: Not now." in process.log, seconds=25)
        asked = vendor.asked[A]
        process.until(lambda: vendor.asked[A] > asked + 1)
        assert process.statuses() == {A: 1, B: 1}
        assert "Remosa answered HTTP 500" in process.get("/")[1]
        remosa.code = 200
        process.until(lambda: "gives the device list again" in process.log, seconds=25)
        assert process.log.count("Remosa answered HTTP 500: Not now.; going on") == 1


def test_a_list_that_is_cut_short_is_not_believed(
    exporter: RunExporter, remosa: Remosa, remosa_web: Web
) -> None:
    remosa.set({4: [A, B]})
    with exporter() as process:
        process.until(lambda: process.statuses() == {A: 1, B: 1})

        def cut(handler: Handler) -> None:
            handler.send(200, b'[{"platform_id": 1, "exporter_id": 4, "mac": "' + A.encode())

        remosa_web.behaviour = cut
        process.until(lambda: "cut short or no JSON" in process.log, seconds=25)
        assert process.statuses() == {A: 1, B: 1}


def test_after_a_restart_without_a_network_it_knows_its_devices_but_no_status(
    exporter: RunExporter, vendor: Vendor, vendor_web: Web, remosa: Remosa, tmp_path: Path
) -> None:
    remosa.set({4: [A, B]})
    with exporter() as process:
        process.until(lambda: process.statuses() == {A: 1, B: 1})
        assert process.stop()[0] == 0
    vendor_web.behaviour = web.hang
    remosa.code = 503
    with exporter() as process:
        process.until(lambda: len(process.samples(DEVICE_INFO)) == 2)
        assert process.statuses() == {}
        assert process.get("/-/ready")[0] == 200
        process.until(lambda: process.value("remosa_exporter_source_up") == 0)
        assert process.statuses() == {}
        fetched = process.value("remosa_exporter_device_list_last_success_timestamp_seconds")
        assert fetched is not None
        assert time.time() - 60 < fetched < time.time()
        vendor_web.behaviour = vendor
        process.until(lambda: process.statuses() == {A: 1, B: 1})


def test_without_any_list_it_is_healthy_but_not_ready(
    exporter: RunExporter, remosa: Remosa
) -> None:
    remosa.code = 503
    with exporter() as process:
        assert process.get("/-/healthy")[0] == 200
        process.until(lambda: "HTTP 503" in process.get("/-/ready")[1])
        assert process.get("/-/ready")[0] == 503


def test_a_refused_token_is_named_and_never_shown(exporter: RunExporter, remosa: Remosa) -> None:
    with exporter(REMOSA_API_TOKEN="wrong-token-4711", DEBUG_MODE="1") as process:
        process.until(lambda: "check REMOSA_API_TOKEN" in process.log)
        pages = process.get("/")[1] + process.text() + process.get("/-/ready")[1]
        assert "wrong-token-4711" not in process.log + pages
    assert "refuses the token" in process.log


def test_the_token_does_not_follow_a_redirect(exporter: RunExporter, remosa_web: Web) -> None:
    heard = []

    def elsewhere(handler: Handler) -> None:
        heard.append(handler.path)
        handler.send(200, b"[]")

    with web.serving(elsewhere) as other:
        remosa_web.behaviour = lambda handler: handler.send(307, b"", Location=other.url + "/api")
        with exporter() as process:
            process.until(lambda: "redirect" in process.log)
    assert heard == []


def test_it_announces_itself_with_the_port_it_listens_at(
    exporter: RunExporter, remosa: Remosa
) -> None:
    with exporter(EXPORTER_INSTANCE="cubic-7", EXPORTER_ADVERTISE_HOST="exporter.lan") as process:
        process.until(lambda: bool(remosa.announced))
        port = urlsplit(process.url).port
    assert remosa.announced[0] == {
        "kind": "cubic", "instance": "cubic-7", "port": port, "host": "exporter.lan",
        "version": "0.1.0",
    }  # fmt: skip


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


def test_ended_at_any_moment_it_leaves_a_sound_cache(
    exporter: RunExporter, remosa: Remosa, tmp_path: Path
) -> None:
    devices = [mac(number) for number in range(1, 3001)]
    for turn in range(6):
        remosa.set({4: devices[turn:]})
        with exporter() as process:
            time.sleep(turn * 0.3)
            process.stop(signal.SIGKILL if turn % 2 else signal.SIGTERM)
            assert "put aside" not in process.log
    with sqlite3.connect(tmp_path / CACHE) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


@pytest.mark.parametrize("damage", ["text", "truncated", "overwritten", "older", "foreign"])
def test_a_cache_that_cannot_be_used_is_put_aside_and_told(
    damage: str, exporter: RunExporter, remosa: Remosa, tmp_path: Path
) -> None:
    remosa.set({4: [mac(number) for number in range(1, 2001)]})
    cache = tmp_path / CACHE
    with exporter() as process:
        process.until(lambda: len(process.samples(DEVICE_INFO)) == 2000)
        process.stop()
    spoil(cache, damage)
    spoilt = cache.read_bytes()
    with exporter() as process:
        process.until(lambda: len(process.statuses()) == 2000)
        assert "put aside" in process.log
        assert process.value("remosa_exporter_cache_up") == 1
        process.stop()
    (aside,) = cache.parent.glob("*.unusable-*")
    assert aside.read_bytes() == spoilt
    with exporter() as process:
        assert "put aside" not in process.log


def spoil(cache: Path, damage: str) -> None:
    content = cache.read_bytes()
    if damage == "text":
        cache.write_text("This is no database. " * 1000)
    elif damage == "truncated":
        cache.write_bytes(content[: len(content) // 2])
    elif damage == "overwritten":
        cache.write_bytes(content[:4096] + b"\xff" * 8192 + content[12288:])
    else:
        with sqlite3.connect(cache) as database:
            if damage == "older":
                database.execute("PRAGMA user_version = 0")
            else:
                database.execute("PRAGMA application_id = 7")
        database.close()


def test_it_goes_on_without_a_cache_where_it_cannot_write_one(
    exporter: RunExporter, remosa: Remosa, tmp_path: Path
) -> None:
    remosa.set({4: [A]})
    (tmp_path / "file").touch()
    with exporter(CACHE_DB_FILE=str(tmp_path / "file" / "cache.sqlite3")) as process:
        process.until(lambda: process.statuses() == {A: 1})
        assert process.value("remosa_exporter_cache_up") == 0
        assert "Going on without the cache" in process.log
        assert "cache.sqlite3 cannot be used" in process.get("/")[1]


def test_two_processes_do_not_share_a_cache_file(
    exporter: RunExporter, environment: dict[str, str], remosa: Remosa, tmp_path: Path
) -> None:
    remosa.set({4: [A]})
    with exporter() as first:
        first.until(lambda: first.statuses() == {A: 1})
        with child.running(tmp_path, environment) as second:
            second.until(lambda: second.statuses() == {A: 1})
            assert "database is locked" in second.log
            assert second.value("remosa_exporter_cache_up") == 0
        assert first.value("remosa_exporter_cache_up") == 1


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
    with exporter() as process:
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
