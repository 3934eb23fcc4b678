"""One installation on this machine: its settings and its processes. Opens no database."""

import json
import os
import secrets
import shutil
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from io import TextIOBase
from pathlib import Path
from urllib.parse import quote

from exporters.kinds import KINDS
from remosa.place import Place, write_secret
from remosa.ports import LOOPBACK, check_free, port_of
from remosa.supervisor import Process, Supervisor

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "docker" / "remosa.rules.yml"


def exporter_port(kind: str) -> str:
    """The variable with the port of the exporter of a kind on this machine."""
    return "EXPORTER_PORT" if kind == "cubic" else f"{kind.upper()}_EXPORTER_PORT"


# The ports by the variable that sets them.
PORTS = {
    "REMOSA_WEB_PORT": 8000,
    "REMOSA_PROMETHEUS_PORT": 9090,
    **{exporter_port(kind.name): kind.port for kind in KINDS.values()},
}

# Settings that are secrets or may hold a password.
WEB_SECRETS = (
    *("SECRET_KEY", "REMOSA_SECRET_KEYS", "DATABASE_URL", "METRICS_TOKEN"),
    *("EMAIL_URL", "PROMETHEUS_URL", "REDIS_URL", "CELERY_BROKER_URL"),
)


class CannotStart(Exception):
    """Something is missing on this machine; the text is for a person."""


def run(
    place: Place,
    ports: Mapping[str, int],
    processes: Callable[[Mapping[str, int]], Sequence[Process]],
    banner: Callable[[Mapping[str, int]], str],
    output: TextIOBase,
) -> int:
    """Start an installation and stay until it ends; return the exit code.

    `ports` are the defaults by variable. BadPort, CannotStart or Occupied before anything started.
    """

    def say(line: str) -> None:
        output.write(f"{line}\n")
        output.flush()  # it may be a pipe, and the next line may be hours away

    chosen = {name: port_of(name, port, os.environ) for name, port in ports.items()}
    with place.occupied():
        check_free(chosen)
        say(f"Starting in {place.folder}, logs in {place.logs}")
        return Supervisor(place.logs, say).run(
            processes(chosen), healthy=lambda: say(banner(chosen))
        )


def environment(place: Place, given: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    """What every process of the installation gets: what was given, and the rest from its folder."""
    found = {name: value for name, value in given.items() if name != "DJANGO_SETTINGS_MODULE"}
    for name, value in (
        ("SECRET_KEY", secrets.token_urlsafe(50)),
        ("REMOSA_SECRET_KEYS", urlsafe_b64encode(secrets.token_bytes(32)).decode()),
        ("METRICS_TOKEN", secrets.token_urlsafe(32)),
    ):
        if not found.get(name) and not found.get(f"{name}_FILE"):
            path = place.secret(name.lower().replace("_", "-"), value)
            found[f"{name}_FILE"] = str(path)
    database = quote(str(place.folder.resolve() / "remosa.sqlite3"))
    broker = quote(str(place.folder.resolve() / "broker"))
    brokers = ("REDIS_URL", "REDIS_URL_FILE", "CELERY_BROKER_URL_FILE")
    shared = any(found.get(name) for name in brokers)
    defaults = {
        "CELERY_BROKER_URL": "" if shared else f"filesystem://{broker}",
        "DATABASE_URL": "" if found.get("DATABASE_URL_FILE") else f"sqlite:///{database}",
        "PROMETHEUS_URL": f"http://{LOOPBACK}:{ports['REMOSA_PROMETHEUS_PORT']}",
    }
    if not found.get("STATIC_ROOT"):
        defaults["STATIC_ROOT"] = str(place.folder.resolve() / "static")
        # Empty: files are served where they lie; whitenoise wants to see a folder all the same.
        (place.folder / "static").mkdir(exist_ok=True)
    for name, value in defaults.items():
        found[name] = found.get(name) or value
    found["PYTHONUNBUFFERED"] = "1"
    return found


def manage(*words: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *words]


def prepare(settings: Mapping[str, str], command: str, *words: str) -> Process:
    """The run of a command that makes the database ready; a large one migrates for long."""
    return Process("database", manage(command, *words), settings, ready=None, deadline=3600)


def web(settings: Mapping[str, str], port: int) -> Process:
    address = f"{LOOPBACK}:{port}"
    command = [sys.executable, "-m", "gunicorn", "remosa.wsgi:application"]
    # One worker: django-prometheus counts within a process.
    command += ["--bind", address, "--worker-class", "gthread", "--threads", "8"]
    command += ["--chdir", str(ROOT), "--no-control-socket", "--graceful-timeout", "3"]
    command += ["--logger-class", "remosa.web_log.WebLog"]
    return Process("web", command, settings, ready=f"http://{address}/-/ready")


def exporters(place: Place, settings: Mapping[str, str], ports: Mapping[str, int]) -> list[Process]:
    """A process for each kind of exporters; one that has nothing to ask yet waits for it."""
    return [exporter(kind, place, settings, ports) for kind in KINDS]


def exporter(
    kind: str, place: Place, settings: Mapping[str, str], ports: Mapping[str, int]
) -> Process:
    """The process of one kind of exporters."""
    port = ports[exporter_port(kind)]
    own = without_secrets(settings) | {
        "REMOSA_API_URL": f"http://{LOOPBACK}:{ports['REMOSA_WEB_PORT']}",
        "REMOSA_API_TOKEN_FILE": str(place.exporter_token(kind).resolve()),
        "CACHE_DB_FILE": str(place.folder.resolve() / f"{kind}-cache.sqlite3"),
        "EXPORTER_PORT": str(port),
        "WEB_LISTEN_ADDRESS": f"{LOOPBACK}:{port}",
        # Empty, else the process reads them in .env: this Prometheus comes by HTTP and unasked.
        **dict.fromkeys(("METRICS_TOKEN", "METRICS_TOKEN_FILE", "WEB_CONFIG_FILE"), ""),
    }
    if kind != "cubic":
        # A name that was given is one process' name.
        own["EXPORTER_INSTANCE"] = ""
    ready = f"http://{LOOPBACK}:{port}/-/healthy"
    return Process(f"{kind}-exporter", manage(f"run_{kind}_exporter"), own, ready)


def exporter_addresses(ports: Mapping[str, int]) -> str:
    """The lines of a banner that say where the exporters serve."""
    title, lines = "Exporters", ""
    for kind in KINDS.values():
        lines += f"  {title:<12} http://{LOOPBACK}:{ports[exporter_port(kind.name)]}/"
        lines += f"   {kind.title}\n"
        title = ""
    return lines


def without_secrets(settings: Mapping[str, str]) -> dict[str, str]:
    """What a process gets that needs none of the web application's secrets."""
    return {
        name: value
        for name, value in settings.items()
        if name.removesuffix("_FILE") not in WEB_SECRETS
    }


def prometheus(
    place: Place, settings: Mapping[str, str], ports: Mapping[str, int], scrape_seconds: int
) -> Process:
    """Prometheus with the exporters from service discovery; CannotStart without a program."""
    program = ROOT / ".tools" / "bin" / "prometheus"
    found = str(program) if program.exists() else shutil.which("prometheus")
    if found is None:
        raise CannotStart("Prometheus is missing here: run `make setup`")
    address = f"{LOOPBACK}:{ports['REMOSA_PROMETHEUS_PORT']}"
    configuration = place.folder / "prometheus.yml"
    if settings.get("METRICS_TOKEN"):
        write_secret(place.metrics_token, settings["METRICS_TOKEN"])
    metrics_token = Path(settings.get("METRICS_TOKEN_FILE") or place.metrics_token)
    configuration.write_text(
        prometheus_configuration(
            place, ports["REMOSA_WEB_PORT"], scrape_seconds, metrics_token.resolve()
        )
    )
    command = [found, f"--config.file={configuration}", f"--web.listen-address={address}"]
    command += [f"--storage.tsdb.path={place.folder / 'prometheus'}"]
    command += ["--storage.tsdb.retention.time=30d", "--log.level=warn"]
    ready = f"http://{address}/-/ready"
    return Process("prometheus", command, without_secrets(settings), ready)


def prometheus_configuration(
    place: Place, web_port: int, scrape_seconds: int, metrics_token: Path
) -> str:
    """The configuration file, as JSON, which is YAML too: the exporters, Remosa, and its alerts."""
    period = f"{scrape_seconds}s"
    discovery = {
        "url": f"http://{LOOPBACK}:{web_port}/api/v1/prometheus/targets",
        "refresh_interval": period,
        # Debian's Prometheus 2.42 sends the bare token unless the type is said.
        "authorization": {
            "type": "Bearer",
            "credentials_file": str(place.discovery_token.resolve()),
        },
    }
    scrape = {"job_name": "remosa", "http_sd_configs": [discovery]}
    own = {
        "job_name": "remosa_web",
        # Its figures are counted every ten seconds at most.
        "scrape_interval": "15s",
        "scrape_timeout": "10s",
        "authorization": {"type": "Bearer", "credentials_file": str(metrics_token)},
        "static_configs": [
            {"targets": [f"{LOOPBACK}:{web_port}"], "labels": {"instance": "web"}},
        ],
    }
    intervals = {
        "scrape_interval": period,
        "scrape_timeout": period,
        "evaluation_interval": "15s",
    }
    return json.dumps(
        {"global": intervals, "rule_files": [str(RULES)], "scrape_configs": [scrape, own]}, indent=2
    )
