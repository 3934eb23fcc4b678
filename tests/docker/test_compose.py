"""What docker/compose.yaml promises."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from exporters.kinds import KINDS, Kind
from remosa.celery import app
from tests.environment_names import ROOT, configuration_read, settings_read

FOLDER = ROOT / "docker"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
EXPORTERS = tuple(f"{kind}-exporter" for kind in KINDS)
WORKERS = ("sender", "worker", "beat")
OURS = ("secrets", "migrate", "web", *WORKERS, *EXPORTERS)
ONE_SHOT = ("secrets", "migrate")
STAYING = tuple(name for name in SERVICES if name not in ONE_SHOT)
# Read by gunicorn and by prometheus_client, not by our code.
OF_LIBRARIES = {"WEB_CONCURRENCY", "PROMETHEUS_MULTIPROC_DIR"}
# Read by both: an exporter process asks there, and the web when a person wants to see.
ADDRESSES = {kind.address_variable for kind in KINDS.values() if kind.address_variable}
SECRET_NAME = re.compile(r"SECRET|PASSWORD|TOKEN|DATABASE_URL|REDIS_URL|EMAIL_URL")


def volumes(service: str) -> set[str]:
    return {text.split(":")[0] for text in SERVICES[service].get("volumes", ())}


def environment(service: str) -> dict[str, str]:
    return {name: str(text) for name, text in SERVICES[service].get("environment", {}).items()}


def test_every_part_is_a_container() -> None:
    parts = {"web", "migrate", *WORKERS, "postgres", "redis", "prometheus"}
    assert parts | set(EXPORTERS) <= set(SERVICES)


def test_every_queue_has_a_worker_and_the_clock_runs_once() -> None:
    commands = {name: SERVICES[name]["command"] for name in WORKERS}
    read = [word for words in commands.values() for word in words if word.startswith("--queues=")]
    assert sorted(read) == sorted(f"--queues={queue.name}" for queue in app.conf.task_queues)
    clocks = [name for name, words in commands.items() if "beat" in words]
    assert clocks == ["beat"], "two clocks would ask for everything twice"
    for words in commands.values():
        assert words[0] == "celery"
        assert "--app=remosa.celery" in words
    for name in WORKERS:
        assert set(SERVICES[name]["networks"]) == {"data", "metrics"}, "databases, and the world"


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_bound_to_loopback(service: str) -> None:
    for port in SERVICES[service].get("ports", ()):
        assert port.startswith("127.0.0.1:"), "the world comes in through a reverse proxy"


def test_the_databases_have_no_port_and_no_way_out() -> None:
    for service in ("postgres", "redis"):
        assert "ports" not in SERVICES[service]
        assert SERVICES[service]["networks"] == ["data"]
    assert COMPOSE["networks"]["data"] == {"internal": True}


@pytest.mark.parametrize("service", STAYING)
def test_what_stays_is_watched_and_started_again(service: str) -> None:
    assert SERVICES[service]["restart"] == "unless-stopped"
    assert SERVICES[service]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@pytest.mark.parametrize("service", SERVICES)
def test_each_waits_for_what_it_needs(service: str) -> None:
    for needed, how in SERVICES[service].get("depends_on", {}).items():
        done = needed in ONE_SHOT
        wanted = "service_completed_successfully" if done else "service_healthy"
        assert how == {"condition": wanted}


@pytest.mark.parametrize("service", OURS)
def test_our_processes_can_change_nothing_but_their_volumes(service: str) -> None:
    settings = SERVICES[service]
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in settings["security_opt"]
    assert "user" not in settings, "the image's own user holds"
    assert not settings.get("privileged")


@pytest.mark.parametrize("service", SERVICES)
def test_secrets_come_in_files_alone(service: str) -> None:
    for name, text in environment(service).items():
        if SECRET_NAME.search(name):
            assert name.endswith("_FILE")
            assert text.startswith("/run/remosa/")
            folder = text.rsplit("/", 1)[0]
            assert any(f":{folder}" in each for each in SERVICES[service]["volumes"])
        assert not re.search(r"://[^/]*:[^/]*@", text), "a password in an address"


def test_each_secret_goes_to_its_readers_alone() -> None:
    readers = {
        name: {service for service in SERVICES if name in volumes(service)}
        for name in COMPOSE["volumes"]
        if name.endswith("-secrets")
    }
    assert readers == {
        "web-secrets": {"secrets", "migrate", "web", *WORKERS},
        "postgres-secrets": {"secrets", "postgres"},
        "redis-secrets": {"secrets", "redis"},
        "exporter-secrets": {"migrate", "cubic-exporter"},
        "addreality-secrets": {"migrate", "addreality-exporter"},
        "json-secrets": {"migrate", "json-exporter"},
        "prometheus-secrets": {"secrets", "migrate", "prometheus"},
    }
    for service in STAYING:
        for text in SERVICES[service]["volumes"]:
            assert "-secrets:" not in text or text.endswith(":ro")


@pytest.mark.parametrize(
    ("services", "known"),
    [
        (("web", "migrate", *WORKERS), set(settings_read()) | OF_LIBRARIES | ADDRESSES),
        (EXPORTERS, configuration_read()),
    ],
    ids=["web", "exporter"],
)
def test_every_variable_is_one_that_the_code_reads(
    services: tuple[str, ...], known: set[str]
) -> None:
    for service in services:
        for name in environment(service):
            assert name in known or name.removesuffix("_FILE") in known


def test_what_may_be_set_of_jobs_reaches_them() -> None:
    ours = re.compile(r"REMOSA_(JOBS|KEEP|ENGINE)_\w+")
    assert {name for name in settings_read() if ours.fullmatch(name)} <= set(environment("worker"))


@pytest.mark.parametrize("service", SERVICES)
def test_images_have_a_version(service: str) -> None:
    image = re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", SERVICES[service]["image"])
    _name, _colon, version = image.rpartition(":")
    assert version
    assert version != "latest"


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_the_addresses_of_an_exporter_and_the_web_fit_together(kind: Kind) -> None:
    service = f"{kind.name}-exporter"
    web, exporter = environment("web"), environment(service)
    assert SERVICES[service]["command"][-1] == f"run_{kind.name}_exporter"
    assert exporter["REMOSA_API_URL"] == "http://web:8000"
    assert exporter["EXPORTER_ADVERTISE_HOST"] == service
    assert service in web["REMOSA_EXPORTER_ADDRESSES"].split(",")
    assert exporter["EXPORTER_PORT"] == str(kind.port)
    assert SERVICES[service]["ports"][0].endswith(f":{kind.port}")
    assert f":{kind.port}/" in SERVICES[service]["healthcheck"]["test"][-1]
    if kind.address_variable:
        assert web[kind.address_variable] == exporter[kind.address_variable]


def test_no_two_exporters_share_a_cache_a_port_or_a_name() -> None:
    for name in ("EXPORTER_INSTANCE", "EXPORTER_PORT", "CACHE_DB_FILE"):
        assert len({environment(service)[name] for service in EXPORTERS}) == len(EXPORTERS)
    assert len(set.union(*(volumes(service) for service in EXPORTERS))) == 2 * len(EXPORTERS)


def test_prometheus_and_the_web_find_each_other() -> None:
    assert "web" in environment("web")["ALLOWED_HOSTS"].split(",")
    assert environment("web")["PROMETHEUS_URL"] == "http://prometheus:9090"


def test_prometheus_asks_addresses_that_exist_with_tokens_that_it_has() -> None:
    configuration = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    discovered, own = configuration["scrape_configs"]
    (discovery,) = discovered["http_sd_configs"]
    assert discovery["url"].startswith("http://web:8000/")
    assert "targets" in resolve(discovery["url"].removeprefix("http://web:8000")).route
    assert resolve(own.get("metrics_path", "/metrics")).url_name == "metrics"
    start = (FOLDER / "first_start.sh").read_text() + (FOLDER / "first_secrets.py").read_text()
    (rules,) = configuration["rule_files"]
    mounted = f"./{rules}:/etc/prometheus/{rules}:ro"
    assert mounted in SERVICES["prometheus"]["volumes"]
    for authorization in (discovery["authorization"], own["authorization"]):
        assert authorization["type"] == "Bearer"  # Prometheus 2.42 sends a bare token without it
        file = authorization["credentials_file"]
        assert file.removeprefix("/run/remosa/") in start


def test_the_first_start_gives_commands_words_that_they_know() -> None:
    text = (FOLDER / "first_start.sh").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [shlex.split(line) for line in text.splitlines() if line.startswith("python manage.py")]
    assert [words[2] for words in lines] == [
        *("migrate", "sync_catalogue", "sync_metrics", "sync_timetable"),
        *["issue_token"] * (len(KINDS) + 1),
    ]
    kinds = {words[words.index("--exporter-kind") + 1] for words in lines if "exporter" in words}
    assert kinds == set(KINDS)
    for _python, _manage, name, *words in lines:
        application = get_commands()[name]
        assert isinstance(application, str)
        parser = load_command_class(application, name).create_parser("manage.py", name)
        parser.parse_args(words)


def test_the_page_on_deployment_names_what_there_is() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`([a-z]+-secrets)`", page)) == {
        name for name in COMPOSE["volumes"] if name.endswith("-secrets")
    }
    first_cells = "".join(re.findall(r"^\| (`[a-z`, -]+`) \|", page, re.MULTILINE))
    assert set(SERVICES) <= set(re.findall(r"`([a-z-]+)`", first_cells))
    known = set(settings_read()) | configuration_read() | OF_LIBRARIES
    for name in re.findall(r"^([A-Z_]+)=", page, re.MULTILINE):
        assert name.removesuffix("_FILE") in known
