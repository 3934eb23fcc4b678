"""The wire under the simulated vendors: how the process is started, for tests and for load."""

import json
import subprocess
import sys
import time

import pytest

from demo.vendors import VENDORS
from demo.world import EXAMPLE
from tests.demo.vendor_process import ROOT, Vendor, running_vendor


def state(vendor: Vendor) -> dict[str, dict[str, object]]:
    answer, body = vendor.request("GET", "/control")
    assert answer.status == 200
    found: dict[str, dict[str, object]] = json.loads(body)
    return found


def test_its_door_shows_every_vendor(vendor: Vendor) -> None:
    assert list(state(vendor)) == list(VENDORS)
    assert state(vendor)["addreality"]["players"]


def test_latency_errors_and_sizes_can_be_said_at_the_start() -> None:
    sizes = ("--players=3", "--devices=10", "--screens=2")
    with running_vendor("--latency=0.1", "--errors=1", *sizes) as vendor:
        started = time.monotonic()
        assert vendor.ask(EXAMPLE[0])[0] == 503
        assert 0.1 <= time.monotonic() - started < 2
        found = state(vendor)
        assert {name: sum(each["players"].values()) for name, each in found.items()} == {  # type: ignore[attr-defined]
            "cubic": 3,
            "addreality": 12,
            "lumen": 2,
        }
        assert found["cubic"]["latency"] == [0.1, 0.1]


@pytest.mark.parametrize("latency", ["soon", "0.3-0.1", "-1"])
def test_a_latency_that_is_none_is_refused(latency: str) -> None:
    command = [sys.executable, "manage.py", "run_demo_vendor", f"--latency={latency}"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "--latency" in done.stderr


def test_several_processes_can_serve_one_port() -> None:
    with running_vendor("--shared-port", "--latency=0") as first:
        port = first.base.rpartition(":")[2].partition("/")[0]
        with running_vendor("--shared-port", "--latency=0", f"--port={port}") as second:
            assert second.base == first.base
            asked = 0
            while "requests" not in (told := state(first)["cubic"]) or not told["requests"]:
                assert first.ask(EXAMPLE[0])[0] in (200, 503)
                asked += 1
                assert asked < 200
            second.process.terminate()
            assert second.process.wait(5) == 0
        assert first.ask(EXAMPLE[0])[0] in (200, 503)


def test_a_request_without_end_is_cut(vendor: Vendor) -> None:
    connection = vendor.connect()
    connection.connect()
    with pytest.raises(ConnectionError):
        for _ in range(40):
            connection.sock.sendall(b"x" * 65536)
            time.sleep(0.01)
    connection.close()


def test_a_line_that_is_no_request_is_400(vendor: Vendor) -> None:
    connection = vendor.connect()
    connection.connect()
    connection.sock.sendall(b"HELLO\r\n\r\n")
    assert connection.sock.recv(4096).startswith(b"HTTP/1.1 400")
    connection.close()
