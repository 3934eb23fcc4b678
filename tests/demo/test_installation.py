"""The demo as an installation apart from the real one."""

from pathlib import Path

import pytest

from demo import installation
from demo.cast import CAST
from demo.switches import SWITCHES, switch
from demo.vendors import Sizes
from exporters.kinds import KINDS
from remosa.place import Place
from tests.environment_names import configuration_read

PORTS = {name: port + 1000 for name, port in installation.PORTS.items()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "demo-password").write_text("open-sesame")
    return Place(tmp_path)


def test_nothing_of_the_real_installation_reaches_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "SECRET_KEY", "REDIS_URL", "EMAIL_URL", "PROMETHEUS_URL"):
        monkeypatch.setenv(name, "real")
        monkeypatch.setenv(f"{name}_FILE", "/run/real")
    for name in ("PLATFORM_ID", "POLL_INTERVAL", "MAX_AGE"):
        monkeypatch.setenv(name, "99")
    told = installation.environment(place, PORTS)
    assert "real" not in told.values()
    assert "/run/real" not in told.values()
    assert "99" not in told.values()
    assert str(place.folder) in told["DATABASE_URL"]
    assert told["PROMETHEUS_URL"] == "http://127.0.0.1:10090"


def test_the_exporters_ask_the_simulated_vendors(place: Place) -> None:
    world = installation.World(Sizes(players=5, devices=6, screens=7), seed=1, speed=2.0)
    processes = {process.name: process for process in installation.processes(place, world, PORTS)}
    cubic, addreality = (processes[f"{name}-exporter"] for name in ("cubic", "addreality"))
    address = cubic.environment["EXTERNAL_API_BASE_URL"]
    assert address == "http://127.0.0.1:9900/api/v0.1/players/status-check?mac="
    address = addreality.environment["ADDREALITY_API_URL"]
    assert address == "http://127.0.0.1:9900/public/v1/device/list"
    web = processes["web"].environment
    assert web["ADDREALITY_API_URL"] == address, "a person who checks a player asks there too"
    assert web["EXTERNAL_API_BASE_URL"] == cubic.environment["EXTERNAL_API_BASE_URL"]
    assert f"--switches={place.folder}" in processes["vendor"].argv
    switched = {name: each.switch for name, each in processes.items() if each.switch is not None}
    assert switched == {name: switch(place.folder, name) for name in SWITCHES}
    options = {"--players=5", "--devices=6", "--screens=7", "--seed=1"}
    assert options <= set(processes["vendor"].argv)
    assert options <= set(processes["database"].argv)


def test_every_kind_has_a_process_with_a_port_of_its_own(place: Place) -> None:
    world = installation.World(Sizes(), seed=1, speed=1.0)
    found = [
        process
        for process in installation.processes(place, world, PORTS)
        if process.name.endswith("-exporter")
    ]
    assert [process.argv[-1] for process in found] == [f"run_{kind}_exporter" for kind in KINDS]
    for name in ("EXPORTER_PORT", "CACHE_DB_FILE", "REMOSA_API_TOKEN_FILE"):
        assert len({process.environment[name] for process in found}) == len(KINDS)


def test_no_setting_of_an_exporter_but_of_its_log_comes_from_the_real_installation() -> None:
    told_by_the_demo = {
        *("CACHE_DB_FILE", "EXPORTER_PORT", "REMOSA_API_TOKEN", "REMOSA_API_URL"),
        *("WEB_LISTEN_ADDRESS", *installation.vendor_addresses("http://vendor")),
    }
    of_the_log = {"DEBUG_MODE", "LOG_FORMAT", "LOG_LEVEL"}
    known = set(installation.OWN_SETTINGS) | told_by_the_demo | of_the_log
    assert configuration_read() - known == set()


def test_the_banner_has_the_address_every_login_and_how_to_stop_the_vendor(place: Place) -> None:
    shown = installation.banner(place, PORTS)
    assert "http://127.0.0.1:9000/" in shown
    assert "open-sesame" in shown
    assert all(person.email in shown for person in CAST)
    assert "DEMO_VENDOR_PORT=9900 .venv/bin/python manage.py tell_vendor stop" in shown
    assert f"manage.py demo_report --folder {place.folder}\n" in shown
    assert '{"fault": "all_offline"}' in shown


def test_prometheus_that_does_not_answer_has_not_seen_the_fleet() -> None:
    assert installation.sees_the_fleet(9) is False
