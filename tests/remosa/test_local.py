"""An installation on one machine: its folder, what its processes are told, its Prometheus."""

import json
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from environ import FileAwareEnv

from exporters.process.environment import gather
from remosa import celery, local, local_workers
from remosa.place import Occupied, Place
from tests.prometheus_server import tool

PORTS = {"REMOSA_WEB_PORT": 8001, "REMOSA_PROMETHEUS_PORT": 9091, "EXPORTER_PORT": 19102}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path / "a place" / "of #its own")
    with place.occupied():
        pass
    return place


def test_its_folder_is_closed_to_others_also_when_it_was_open(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    with Place(tmp_path / "state").occupied():
        assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_two_installations_cannot_share_a_folder(place: Place) -> None:
    with place.occupied(), pytest.raises(Occupied, match="already running"), place.occupied():
        pass
    with place.occupied():
        pass


def test_a_secret_is_made_once_and_read_by_its_owner_alone(place: Place) -> None:
    path = place.secret("word", "first")
    assert place.secret("word", "second").read_text() == "first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_secrets_are_made_once_and_passed_on_as_files(place: Place) -> None:
    first = local.environment(place, {}, PORTS)
    assert local.environment(place, {}, PORTS) == first
    for name in ("SECRET_KEY", "REMOSA_SECRET_KEYS"):
        assert name not in first
        assert len(Path(first[f"{name}_FILE"]).read_text()) >= 32


@pytest.mark.parametrize("given", [{"SECRET_KEY": "mine"}, {"SECRET_KEY_FILE": "/run/mine"}])
def test_a_secret_that_was_given_stays(place: Place, given: dict[str, str]) -> None:
    told = local.environment(place, given, PORTS)
    assert {name: told.get(name) for name in given} == given
    assert not (place.folder / "secret-key").exists()


def test_the_database_lies_in_the_folder_whatever_its_name_is(place: Place) -> None:
    told = local.environment(place, {}, PORTS)
    found = FileAwareEnv.db_url_config(told["DATABASE_URL"])
    assert found["NAME"] == str(place.folder / "remosa.sqlite3")


def test_a_database_that_was_given_stays(place: Place) -> None:
    given = {"DATABASE_URL": "postgres://db/remosa"}
    assert local.environment(place, given, PORTS)["DATABASE_URL"] == given["DATABASE_URL"]
    given = {"DATABASE_URL_FILE": "/run/database"}
    assert local.environment(place, given, PORTS)["DATABASE_URL"] == ""


def test_the_choice_of_settings_is_not_passed_on(place: Place) -> None:
    told = local.environment(place, {"DJANGO_SETTINGS_MODULE": "remosa.local_settings"}, PORTS)
    assert "DJANGO_SETTINGS_MODULE" not in told


def test_the_exporter_gets_its_token_and_none_of_the_web_applications_secrets(
    place: Place,
) -> None:
    settings = local.environment(place, {"EMAIL_URL": "smtp://u:p@mail", "HOME": "/h"}, PORTS)
    told = local.exporter("cubic", place, settings, PORTS).environment
    assert told["REMOSA_API_URL"] == "http://127.0.0.1:8001"
    assert told["REMOSA_API_TOKEN_FILE"] == str(place.exporter_token("cubic"))
    assert told["WEB_LISTEN_ADDRESS"] == "127.0.0.1:19102"
    assert told["HOME"] == "/h"
    filled = {name for name, value in told.items() if value}
    assert not {name for name in filled if name.removesuffix("_FILE") in local.WEB_SECRETS}


def test_the_exporter_serves_prometheus_here_whatever_env_says_of_the_web_application(
    place: Place, tmp_path: Path
) -> None:
    told = local.exporter("cubic", place, {"METRICS_TOKEN": "t0ken"}, PORTS).environment
    env = tmp_path / ".env"
    env.write_text("METRICS_TOKEN=t0ken\nWEB_CONFIG_FILE=web.yml\nTIMEOUT=7\n")
    found = gather({}, told, [env])
    assert found["TIMEOUT"].text == "7"
    assert not {"METRICS_TOKEN", "METRICS_TOKEN_FILE", "WEB_CONFIG_FILE"} & set(found)


def test_prometheus_accepts_its_configuration(place: Place) -> None:
    place.discovery_token.write_text("token")
    path = place.folder / "prometheus.yml"
    place.metrics_token.write_text("token")
    path.write_text(local.prometheus_configuration(place, 8001, 15, place.metrics_token))
    checked = subprocess.run(
        [tool("promtool"), "check", "config", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "rules found" in checked.stdout
    scrape, own = json.loads(path.read_text())["scrape_configs"]
    assert own["static_configs"][0]["targets"] == ["127.0.0.1:8001"]
    (discovery,) = scrape["http_sd_configs"]
    assert discovery["url"] == "http://127.0.0.1:8001/api/v1/prometheus/targets"
    assert "token" not in discovery["authorization"].values()


@pytest.mark.parametrize(
    "given", [{}, {"METRICS_TOKEN": "of a person"}, {"METRICS_TOKEN_FILE": ""}]
)
def test_prometheus_reads_remosas_own_metrics_with_the_token_that_remosa_has(
    place: Place, given: dict[str, str]
) -> None:
    settings = local.environment(place, given, PORTS)
    process = local.prometheus(place, settings, PORTS, 15)
    configuration = json.loads((place.folder / "prometheus.yml").read_text())
    file = Path(configuration["scrape_configs"][1]["authorization"]["credentials_file"])
    known = settings.get("METRICS_TOKEN") or Path(settings["METRICS_TOKEN_FILE"]).read_text()
    assert file.read_text() == known
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert known not in (place.folder / "prometheus.yml").read_text()
    assert not process.environment.get("METRICS_TOKEN")


def test_a_taken_port_is_told_in_one_line_before_anything_starts(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    ports = dict.fromkeys(local.PORTS, "8001")
    ended = subprocess.run(
        [sys.executable, "manage.py", "run_local", "--folder", str(folder)],
        cwd=local.ROOT,
        env={**ports, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "are both 8001" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (folder / "logs").exists()


def test_hints_go_through_files_in_the_folder_unless_there_is_a_redis(place: Place) -> None:
    told = local.environment(place, {}, PORTS)
    assert told["CELERY_BROKER_URL"] == f"filesystem://{quote(str(place.folder / 'broker'))}"
    for given in ({"REDIS_URL": "redis://db/0"}, {"CELERY_BROKER_URL_FILE": "/run/broker"}):
        assert local.environment(place, given, PORTS)["CELERY_BROKER_URL"] == ""
    given = {"CELERY_BROKER_URL": "redis://db/1"}
    assert local.environment(place, given, PORTS)["CELERY_BROKER_URL"] == "redis://db/1"


def test_sending_and_everything_else_have_processes_of_their_own(place: Place) -> None:
    told = local.environment(place, {}, PORTS)
    sender, worker, beat = local_workers.workers(place, told)
    assert [each.name for each in (sender, worker, beat)] == ["sender", "worker", "beat"]
    assert f"--queues={celery.COMMANDS}" in sender.argv
    assert f"--queues={celery.REST}" in worker.argv
    assert "--concurrency=1" in sender.argv, "SQLite takes one writer"
    (postgres, *_others) = local_workers.workers(place, {**told, "DATABASE_URL": "postgres://x/y"})
    assert "--concurrency=1" not in postgres.argv
    assert callable(beat.ready)
    assert not beat.ready()
    for each in (sender, worker, beat):
        Path(each.environment["REMOSA_HEARTBEAT_FILE"]).touch()
    assert beat.ready(), "the last one waits for all three"
