"""`make demo` and `make run` as a person has them: real processes and a real Prometheus."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any, Self

import pytest
import requests

from demo.cast import CAST
from demo.installation import PORTS
from demo.world import EXAMPLE
from remosa import local
from remosa.local import ROOT
from tests.ports import free_port, is_open
from tests.prometheus_server import tool

DEADLINE = 60


class Installation:
    """One that was started by its command; its ports by variable."""

    def __init__(self, command: str, folder: Path) -> None:
        tool("prometheus")  # a missing one is told as such
        self.folder = folder
        self.ports = {name: free_port() for name in PORTS}
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.environment = inherited | {name: str(port) for name, port in self.ports.items()}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", *command.split(), "--folder", str(folder)],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.banner = self._read_until("Ctrl-C ends every process.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_reason: object) -> None:
        """End it, however the test went, and with it all its processes."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.communicate(timeout=20)

    def _read_until(self, last: str) -> str:
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            if last in line:
                return said
        raise AssertionError(said)

    def url(self, variable: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[variable]}{path}"

    def log_in(self, email: str, password: str) -> requests.Session:
        """A browser in which somebody is logged in."""
        browser = requests.Session()
        page = self.url("REMOSA_WEB_PORT", "/admin/login/")
        browser.get(page, timeout=20)
        form = {"username": email, "password": password, "next": "/admin/"}
        form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        answer = browser.post(page, form, timeout=20, allow_redirects=False)
        assert answer.status_code == 302, f"{email} was not let in"
        return browser

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = requests.get(
            self.url("REMOSA_PROMETHEUS_PORT", "/api/v1/query"), {"query": expression}, timeout=20
        )
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result

    def tell_vendor(self, *words: str) -> None:
        command = [sys.executable, "manage.py", "tell_vendor", *words]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, capture_output=True)

    def open_ports(self) -> list[str]:
        return [name for name, port in self.ports.items() if is_open(port)]


def wait_for(what: Callable[[], Any], seconds: float = DEADLINE) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation("run_demo --players=40", tmp_path_factory.mktemp("demo")) as installation:
        yield installation


def test_everybody_in_the_banner_can_log_in(demo: Installation) -> None:
    found = re.search(r"Password +(\S+)", demo.banner)
    assert found is not None
    for email in ("root@example.test", *(person.email for person in CAST)):
        assert email in demo.banner
        demo.log_in(email, found[1])


def test_prometheus_has_players_of_both_platforms_online(demo: Installation) -> None:
    online = "count by (platform_id) (remosa_exporter_cubic_device_status == 1)"
    wait_for(lambda: len(demo.query(online)) == 2)


def test_an_address_that_changes_leaves_the_status_series_alone(demo: Installation) -> None:
    mac = '{mac="06:42:40:92:60:B4"}'
    wait_for(lambda: demo.query(f"remosa_exporter_cubic_device_status{mac}"))
    told = {"mac": "06:42:40:92:60:B4", "ip": "10.9.8.7"}
    demo.tell_vendor("player", json.dumps(told))
    info = '{mac="06:42:40:92:60:B4",ip="10.9.8.7"}'
    wait_for(lambda: demo.query(f"remosa_exporter_cubic_device_info{info}"))
    series = demo.query(f"count(count_over_time(remosa_exporter_cubic_device_status{mac}[10m]))")
    assert series[0]["value"][1] == "1"
    infos = demo.query(f"count(count_over_time(remosa_exporter_cubic_device_info{mac}[10m]))")
    assert infos[0]["value"][1] == "2"


def test_a_stopped_vendor_leaves_no_status_and_never_an_outage_of_the_fleet(
    demo: Installation,
) -> None:
    offline = "remosa_exporter_cubic_device_status == 0"
    before = {sample["metric"]["mac"] for sample in demo.query(offline)}
    demo.tell_vendor("stop")
    try:
        turned: set[str] = set()

        def is_silent() -> bool:
            turned.update(sample["metric"]["mac"] for sample in demo.query(offline))
            return not demo.query("remosa_exporter_cubic_device_status")

        wait_for(is_silent)
        # A player or two may have flapped in the last answered poll.
        assert len(turned - before) <= 3
    finally:
        demo.tell_vendor("start")


def test_devices_that_nobody_typed_come_from_the_vendors_that_list_them(
    demo: Installation,
) -> None:
    for kind, expected in (("addreality", 273 + 54), ("json", 40)):
        found = f"count(remosa_exporter_{kind}_device_info) == {expected}"
        wait_for(partial(demo.query, found))


def test_a_platform_with_a_bad_token_leaves_the_other_one_alone(demo: Installation) -> None:
    up = "count by (platform_id) (remosa_exporter_addreality_device_status)"
    wait_for(lambda: len(demo.query(up)) == 2)
    told = {"fault": "bad_token", "platforms": ["Harbour Screens"]}
    demo.tell_vendor("--vendor=addreality", "fault", json.dumps(told))
    try:
        wait_for(lambda: len(demo.query(up)) == 1)
        assert demo.query(up)[0]["value"][1] == "273"
    finally:
        demo.tell_vendor("--vendor=addreality", "start")
    wait_for(lambda: len(demo.query(up)) == 2)


def test_a_hung_player_is_rebooted_from_its_page_and_its_socket_answers(
    demo: Installation,
) -> None:
    found = re.search(r"Password +(\S+)", demo.banner)
    assert found is not None
    browser = demo.log_in("ursula@example.test", found[1])
    players = demo.url("REMOSA_WEB_PORT", "/admin/exporters/player/")
    listed = browser.get(players, params={"q": EXAMPLE[1]}, timeout=20).text
    (player, *_) = re.findall(r"/admin/exporters/player/(\d+)/change/", listed)
    shown = browser.get(
        demo.url("REMOSA_WEB_PORT", f"/admin/devices/command/restart/{player}/"), timeout=20
    )
    assert "#12#0#1#1#" in shown.text
    (agreed,) = re.findall(r'name="agreed" value="([^"]+)"', shown.text)
    form = {"agreed": unescape(agreed), "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    page = browser.post(shown.url, form, timeout=20).url
    assert re.search(r"/admin/devices/command/\d+/change/$", page), page
    wait_for(lambda: "Розетка выключена. Таймер: 1 мин" in browser.get(page, timeout=20).text)
    state = requests.get(demo.url("DEMO_VENDOR_PORT", "/control"), timeout=20).json()
    assert state["sockets"]["off"] == ["+79995550001 line 1"]


def test_prometheus_goes_away_and_comes_back_while_the_rest_goes_on(demo: Installation) -> None:
    assert demo.query('up{job="remosa_web"} == 1'), "it watches Remosa itself"
    port = demo.ports["REMOSA_PROMETHEUS_PORT"]
    demo.tell_vendor("--vendor=prometheus", "stop")
    wait_for(lambda: not is_open(port))
    assert set(demo.ports) - set(demo.open_ports()) == {"REMOSA_PROMETHEUS_PORT"}
    demo.tell_vendor("--vendor=prometheus", "start")
    wait_for(lambda: is_open(port))
    assert demo.process.poll() is None


def test_the_report_counts_what_hung_by_the_truth_of_the_world(demo: Installation) -> None:
    command = [sys.executable, "manage.py", "demo_report", "--json", f"--folder={demo.folder}"]
    done = subprocess.run(command, cwd=ROOT, env=demo.environment, capture_output=True, check=True)
    figures = json.loads(done.stdout)
    assert figures["hung"] > 0
    assert figures["commands_to_healthy_players"] == 0


def test_the_first_superadmin_logs_in_and_sigterm_ends_all_with_zero(tmp_path: Path) -> None:
    with Installation("run_local", tmp_path) as installation:
        found = re.search(r"First login +(\S+) +password (\S+)", installation.banner)
        assert found is not None
        assert f"Mails        go to {tmp_path}" in installation.banner
        installation.log_in(*found.groups())
        installation.process.terminate()
        said, _ = installation.process.communicate(timeout=8)
        assert installation.process.returncode == 0, said
        assert installation.open_ports() == []


def test_gunicorns_workers_do_not_outlive_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    with Installation("run_local", tmp_path) as installation:
        assert set(installation.open_ports()) == set(local.PORTS)
        installation.process.send_signal(signal.SIGKILL)
        installation.process.communicate(timeout=8)
        wait_for(lambda: not installation.open_ports(), seconds=8)
