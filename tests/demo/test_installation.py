"""The demo as an installation apart from the real one."""

from pathlib import Path

import pytest

from demo import installation
from demo.cast import CAST
from remosa.place import Place

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


def test_the_exporter_asks_the_simulated_vendor(place: Place) -> None:
    world = installation.World(players=5, seed=1, speed=2.0)
    processes = {process.name: process for process in installation.processes(place, world, PORTS)}
    address = processes["exporter"].environment["EXTERNAL_API_BASE_URL"]
    assert address == "http://127.0.0.1:9900/api/v0.1/players/status-check?mac="
    assert {"--players=5", "--seed=1"} <= set(processes["vendor"].argv)
    assert {"--players=5", "--seed=1"} <= set(processes["database"].argv)


def test_the_banner_has_the_address_every_login_and_how_to_stop_the_vendor(place: Place) -> None:
    shown = installation.banner(place, PORTS)
    assert "http://127.0.0.1:9000/" in shown
    assert "open-sesame" in shown
    assert all(person.email in shown for person in CAST)
    assert "DEMO_VENDOR_PORT=9900 .venv/bin/python manage.py tell_vendor stop" in shown


def test_prometheus_that_does_not_answer_has_not_seen_the_fleet() -> None:
    assert installation.sees_the_fleet(9) is False
