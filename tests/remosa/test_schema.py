"""The OpenAPI description: true of the running server, complete, and shown without a CDN."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis

# Else it is imported, and rewritten by pytest, in the middle of a test: CPython 3.11 cannot parse
# while another thread prints a traceback (SystemError: AST constructor recursion depth mismatch).
import schemathesis.specs.openapi.schemas
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.test.testcases import QuietWSGIRequestHandler
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings as hypothesis_settings
from hypothesis.strategies import sampled_from
from pytest_django.live_server_helper import LiveServer
from schemathesis import checks
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks as openapi_checks

from devices import sockets
from devices.models import (
    Assignment,
    Command,
    CommandTemplate,
    IncomingSms,
    Pause,
    PowerOutage,
    SmsGateway,
)
from jobs import exchange
from jobs.exchange_plan import plan
from jobs.models import Brake, Episode, JobExecution, JobPause, MaintenanceWindow
from platforms.audit import SYSTEM
from platforms.models import Notice, Platform, TokenKind, User
from platforms.notice_kinds import Severity
from platforms.roles import Role
from tests import factories, live_server_threads
from tests.conftest import ApiOf, ClientOf
from tests.devices import world as devices
from tests.jobs.world import STATUS, make_job, make_metric
from tests.platforms.notice_world import make_channel

EXAMPLES = 15  # of each operation
# Seconds. The client's own ten are too few where every core is taken: an example that is answered
# late once and in time when it is tried again reads as "unreliable results", not as what it is.
PATIENCE = 120
# What is about players alone.
WATCHING = tuple(f"/api/v1/{word}" for word in ("exporter", "monitored", "platform", "sites"))
# What is about jobs.
DECIDING = tuple(
    f"/api/v1/{word}" for word in ("approvals", "brakes", "episodes", "job", "maintenance", "metri")
)
# No example is signed by a gateway.
SIGNED = "POST /api/v1/sms-gateways/{key}/webhook"
CONFORM = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]


def test_the_schema_is_valid_and_generated_without_a_warning() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


@pytest.mark.django_db
def test_the_schema_is_for_those_who_are_in(api_of: ApiOf, bob: User) -> None:
    refused = api_of(None).get("/api/schema")
    assert (refused.status_code, refused["Content-Type"]) == (401, "application/json")
    assert refused.json()["error"]["code"] == "not_authenticated"
    for path in ("/api/schema", "/api/schema/"):
        assert api_of(bob).get(path).status_code == 200


@pytest.mark.django_db
def test_every_documented_route_is_without_a_slash_at_its_end(api_of: ApiOf, bob: User) -> None:
    schema = api_of(bob).get("/api/schema", headers={"Accept": "application/json"}).json()
    assert schema["paths"]
    assert not [path for path in schema["paths"] if path.endswith("/")]


@pytest.mark.django_db
def test_the_document_names_every_route_parameter_and_outcome(api_of: ApiOf, bob: User) -> None:
    schema = api_of(bob).get("/api/schema", headers={"Accept": "application/json"}).json()
    document = (settings.BASE_DIR / "docs/api.md").read_text()
    for path, operations in schema["paths"].items():
        assert path.removeprefix("/api/v1") in document
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                assert f"`{parameter['name']}" in document or parameter["name"] == "id", path
    for name in ("OutcomeEnum", "CommandOutcome"):
        outcomes = schema["components"]["schemas"][name]["enum"]
        assert not [outcome for outcome in outcomes if f"`{outcome}`" not in document]


@pytest.mark.django_db
def test_the_page_is_for_those_who_are_in_and_asks_no_other_host(
    client: Client, client_of: ClientOf, bob: User
) -> None:
    refused = client.get("/api/docs")
    assert (refused.status_code, refused["Location"]) == (302, "/admin/login/?next=/api/docs")
    for path in ("/api/docs", "/api/docs/"):
        page = client_of(bob).get(path)
        assert page.status_code == 200
        text = page.content.decode()
        assert "/static/drf_spectacular_sidecar/" in text
        assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", text)


def there(path: str = "") -> dict[str, Any]:
    """Make what examples of an address can be about, by the word before or for it in a request.

    Without an address, of all of them. By the whole address stands what is another thing for that
    operation alone.
    """
    platform = factories.make_platform()
    row = factories.make_mac(factories.make_exporter(platform), name="Холл", ip="10.0.0.1")
    return {
        "exporter-macs": row.pk,
        "exporters": factories.make_mac(factories.make_exporter(platform)).exporter_id,
        "platforms": platform.pk,
        "sites": factories.make_site(platform).pk,
        "exporter_id": row.exporter_id,
        "platform_id": platform.pk,
        "mac": "06:42:40:92:60:B4",
        # A kind that needs nothing: no example would guess what another one asks for.
        "kind": "cubic",
        "exporter_type": "cubic",
        "settings": {},
        "secrets": {},
        **told_there(platform),
        **({} if path.startswith(WATCHING) else sockets_there(platform)),
        **(jobs_there(platform) if not path or path.startswith(DECIDING) else {}),
    }


def told_there(platform: Platform) -> dict[str, Any]:
    """Make a notice and a channel."""
    channel = make_channel(platform)
    by_mail = {"kind": "mail", "recipients": ["duty@example.test"], "kinds": []}
    quiet = {"quiet_from": "22:00", "quiet_until": "07:00"}
    values = {**by_mail, **quiet, "hears_platforms": False}
    notice = Notice.objects.create(
        platform=platform, kind="socket_silent", severity=Severity.INFO, at=timezone.now()
    )
    return {
        "notices": notice.pk,
        "notification-channels": channel.pk,
        "/api/v1/notification-channels": values,
        "/api/v1/notification-channels/{id}": values,
    }


def sockets_there(platform: Platform) -> dict[str, Any]:
    """Make a socket with everything that hangs on it."""
    device = devices.make_socket(platform)
    exporter = factories.make_exporter(platform)
    user, assigned = (factories.make_member(platform, Role.USER) for _each in range(2))
    sockets.assign(assigned, device, SYSTEM)
    bound = sockets.bind(factories.make_player(exporter), device.lines.get(), SYSTEM)
    doubtful = devices.give(devices.make_socket(platform), "status")
    yesterday = timezone.now() - timedelta(days=1)
    Command.objects.filter(pk=doubtful.pk).update(state="unknown", wire_at=yesterday)
    words = {"en": "Own", "ru": "Своя"}
    definition = {"key": "own", "name": words, "help": words, "danger": "none", "code": "#07#"}
    definition["effect"] = "query"
    own = CommandTemplate.objects.create(
        platform=platform, model=device.model, key="own", definition=definition
    )
    gateway = SmsGateway.objects.latest("pk")
    message = IncomingSms.objects.create(
        platform=platform, device=device, gateway=gateway, identity=uuid4().hex
    )
    pause = Pause.objects.create(platform=platform, reason="works", author_name="root")
    outage = PowerOutage.objects.create(platform=platform, device=device, began=yesterday)
    return {
        "devices": device.pk,
        "device-models": device.model_id,
        "command-templates": own.pk,
        "commands": devices.give(device, "status").pk,
        "/api/v1/commands/{id}/give-up": {"commands": doubtful.pk},
        "assignments": Assignment.objects.get(user=assigned).pk,
        "bindings": bound.pk,
        "incoming-messages": message.pk,
        "pauses": pause.pk,
        "power-outages": outage.pk,
        "sms-gateways": gateway.pk,
        "device_id": device.pk,
        "device_ids": [device.pk],
        "player_id": factories.make_player(exporter).pk,
        "line": 1,
        "user_id": user.pk,
        "email": user.email,
        "site_id": factories.make_site(platform).pk,
        "model": device.model.key,
        "phone": "+79991234567",
        "definition": definition,
        "/api/v1/command-templates": {
            "definition": definition | {"key": "another"},
            "model": device.model.key,
        },
        "/api/v1/command-templates/{id}": {"definition": definition},
        "/api/v1/assignments": {"user_id": user.pk, "device_id": device.pk},
        "template": "status",
        "parameters": {},
        "confirmed": True,
        "count": None,
        "expires_at": None,
    }


def jobs_there(platform: Platform) -> dict[str, Any]:
    """Make a job that has asked about a player, and what else is about jobs."""
    jobs = make_job(platform), make_job(platform, own_name="Lobby")
    now = timezone.now()
    mine = {"platform": platform, "job": jobs[0]}
    player = factories.make_player(factories.make_exporter(platform))
    episode = Episode.objects.create(**mine, job_version=1, player=player, opened_at=now)
    proposal = JobExecution.objects.create(
        **mine, episode=episode, player=player, attempt=1, rung=0, mode="approve",
        standing="proposed", created_at=now, expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    pause = JobPause.objects.create(**mine, reason="works")
    ends = now + timedelta(hours=1)
    window = MaintenanceWindow.objects.create(
        platform=platform, name="Cables", starts_at=now, ends_at=ends
    )
    text = exchange.export([jobs[1]], platform)
    definition = {
        "own_name": "", "trigger": "rule", "raw": "", "cron": "", "time_zone": "", "rungs": [],
        "conditions": [{"metric": STATUS, "operator": "==", "threshold": 0.0}],
        "selection": {"whole": True}, "hold": 300, "recover": 120, "cooldown": 1800,
        "attempts": 3, "boot_grace": 180, "approval_time": 3600, "hours": [],
    }  # fmt: skip
    times = {"starts_at": now.isoformat(), "ends_at": ends.isoformat(), "weekly": False}
    return {
        "approvals": proposal.pk,
        "brakes": Brake.objects.create(platform=platform).pk,
        "episodes": episode.pk,
        "job-executions": proposal.pk,
        "job-pauses": pause.pk,
        "jobs": jobs[0].pk,
        "maintenance-windows": window.pk,
        "metrics": make_metric().pk,
        "ids": [proposal.pk],
        "job_id": jobs[0].pk,
        "yaml": text,
        "digest": plan(text, platform, None).digest(),
        **{f"/api/v1/jobs{end}": definition for end in ("", "/{id}", "/preview")},
        **{
            f"/api/v1/maintenance-windows{end}": {
                **times, "until": None, "name": "Cables", "job_id": None, "exporter_id": None,
                "site_id": None, "player_id": None,
            }
            for end in ("", "/{id}", "/preview")
        },
    }  # fmt: skip


@pytest.fixture
def server(
    live_server: LiveServer, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LiveServer]:
    """A server whose threads end here, whatever became of the test: else the next one trips."""
    # Head and body are two writes: on a connection that stays, the second waits 40 ms otherwise.
    monkeypatch.setattr(QuietWSGIRequestHandler, "disable_nagle_algorithm", True)
    yield live_server
    live_server_threads.wait_until_idle(PATIENCE)


def test_a_running_server_answers_as_described(server: LiveServer, root: User) -> None:
    """Some hundreds of requests from the schema, the same in every run: no 500, no surprise."""
    person = factories.make_token(owner=root, read_only=False)[1]
    machines = {
        "/api/v1/exporter-processes/announce": factories.make_token(TokenKind.EXPORTER)[1],
        "/api/v1/prometheus/targets": factories.make_token(TokenKind.DISCOVERY)[1],
    }
    schema = schemathesis.openapi.from_url(
        f"{server.url}/api/schema",
        headers={"Authorization": f"Bearer {person}", "Accept": "application/json"},
        timeout=PATIENCE,
    )
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    reads = [operation for operation in operations if operation.method == "get"]
    statuses = {
        # Rows of its own for each: another operation may have deleted what it was given.
        operation.label: statuses_of(
            operation, machines.get(operation.path, person), there(operation.path)
        )
        for operation in operations
        if operation not in reads
    }
    # Of what those left, and of rows that nothing can delete any more: one set for all.
    untouched = there()
    for operation in reads:
        secret = machines.get(operation.path, person)
        statuses[operation.label] = statuses_of(operation, secret, untouched)
    assert len(statuses) == 106
    unmet = {label for label, seen in statuses.items() if not seen & {200, 201, 204}}
    unmet -= {SIGNED}
    assert not unmet, f"no example was ever accepted: {statuses}"


def statuses_of(
    operation: APIOperation[Any, Any, Any, Any], secret: str, there: dict[str, Any]
) -> set[int]:
    """Send examples of one operation, made up, about rows that are there, and about nothing else.

    What is made up hangs on the modules that are loaded, and may hold any field; so that each
    operation is told something that it accepts, "plain" ones hold what was made for its address.
    """
    seen: set[int] = set()
    own = there.get(operation.path, {})
    there = {**there, **own}
    named_by_path = operation.path.split("/")[3]
    plain = {name: value for name, value in own.items() if name != named_by_path}

    @hypothesis_settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), kind=sampled_from(("made up", "there", "plain")))
    def ask(case: schemathesis.Case[Any], kind: str) -> None:
        real = kind != "made up"
        if real and "id" in case.path_parameters:
            case.path_parameters["id"] = there[named_by_path]
        if real and case.query:
            named = there.keys() & case.query.keys() & {"platform_id", "job_id"}
            case.query = {name: there[name] for name in named}
        if real and isinstance(case.body, dict):
            case.body |= {name: there[name] for name in there.keys() & case.body.keys()}
        if kind == "plain" and plain and isinstance(case.body, dict):
            kept = case.body.keys() & {"name", "platform_id"}
            case.body = {**{name: case.body[name] for name in kept}, **plain}
        if (
            not real
            and "id" in case.path_parameters
            and case.path_parameters["id"] in there.values()
        ):
            return  # made up, and by chance the row that other examples need
        headers = {"Authorization": f"Bearer {secret}"}
        answer = case.call(session=session, headers=headers, timeout=PATIENCE)
        case.validate_response(answer, checks=CONFORM)
        seen.add(answer.status_code)

    # One thread of the server, with one connection to the database, for all of the examples; it
    # ends with the session.
    with requests.Session() as session:
        ask()
    return seen
