"""Three platforms whose every text says whose it is, and everybody who may come knocking."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import models
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from exporters.models import (
    Exporter,
    ExporterMac,
    ExporterProcess,
    Player,
    PlayerSource,
    PrometheusConnection,
)
from platforms.guards import shared_models, tenant_models
from platforms.models import ApiToken, Platform, Tick, TokenKind, User
from platforms.roles import Role
from tests import factories
from tests.tenancy import notices
from tests.tenancy.deciding import make_jobs, shared_metric
from tests.tenancy.sockets import GATEWAY_SECRET, make_sockets, shared_sockets

RANDOM_ID = 987654321
MALFORMED_IDS = ("abc", "0", "-1", "1'%20OR%201=1", "9" * 40, "%00", "1%2F..%2F2", "é")
VENDOR_TOKEN = "canary-vendor-key"
SECRET_WORDS = (
    "canary-secret-of-prometheus",
    "canary-passw0rd",
    VENDOR_TOKEN,
    GATEWAY_SECRET,
    notices.CHANNEL_TOKEN,
    notices.CHANNEL_SECRET,
)
NUMBER_OF = {"a": 11, "b": 22, "c": 33}


@dataclass
class Tenant:
    """One platform and a row of every kind that it has, by model label."""

    letter: str
    platform: Platform
    people: dict[str, User]
    rows: dict[str, models.Model] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> tuple[str, ...]:
        """What gives this platform's rows away in any text."""
        number = NUMBER_OF[self.letter]
        return (
            *(f"canary-{self.letter}", f"02:{number}:", f"02-{number}-", f"10.{number}."),
            self.phone,
        )

    @property
    def phone(self) -> str:
        """With what the numbers of this platform's sockets begin."""
        return f"+7987{NUMBER_OF[self.letter]}"


def build_tenant(letter: str) -> Tenant:
    """Create a platform with people of every role and two rows of every kind, one deleted."""
    platform = factories.make_platform(
        _text(letter, "platform"), description=_text(letter, "description"), players_limit=100
    )
    people = {
        role.value: factories.make_member(
            platform,
            role,
            f"{role.value}@canary-{letter}.test",
            full_name=_text(letter, role.value),
        )
        for role in Role
    }
    tenant = Tenant(letter, platform, people)
    for turn in ("gone", "kept"):
        rows = _make_rows(tenant, turn)
        if turn == "kept":
            tenant.rows = rows
            continue
        for label in (
            "exporters.exportermac",
            "exporters.player",
            "exporters.exporter",
            "platforms.site",
            "platforms.membership",
            "platforms.invitation",
            "platforms.apitoken",
            "platforms.delivery",
            "platforms.notice",
            "platforms.notificationchannel",
            "devices.budgetperiod",
        ):
            tenant.gone[label] = rows[label].pk
            rows[label].delete()
    _make_accounts(tenant)
    player: Any = tenant.rows["exporters.player"]
    tenant.rows |= make_sockets(platform, letter, tenant.phone, player, people["user"])
    device: Any = tenant.rows["devices.device"]
    tenant.rows |= make_jobs(platform, letter, player, device)
    return tenant


def _make_accounts(tenant: Tenant) -> None:
    """Create exporters with secrets, one with an address too; the vendor of one lists a player."""
    letter, number = tenant.letter, NUMBER_OF[tenant.letter]
    settings: dict[str, dict[str, object]] = {
        "addreality": {"limit": number},
        "json": {
            "url": f"https://canary-{letter}.test/devices",
            "headers": ["Authorization: Bearer {secret}"],
            "id_path": "$.id",
            "status_path": "$.status",
            "online_values": ["up"],
            "offline_values": ["down"],
        },
    }
    for kind, secret in (("addreality", "api_token"), ("json", "secret")):
        exporter = factories.make_exporter(
            tenant.platform, _text(letter, kind), kind=kind, over_limit=number
        )
        exporter.settings = settings[kind]
        exporter.take_secrets({secret: vendor_token(letter, kind)})
        exporter.save()
        Player.objects.create(
            platform=tenant.platform,
            exporter=exporter,
            identity=f"canary-{letter}-{kind}",
            name=_text(letter, f"player of {kind}"),
            source=PlayerSource.DISCOVERED,
        )


def vendor_token(letter: str, kind: str) -> str:
    """Return the token of a platform's vendor account: exporter processes alone may read it."""
    return f"{VENDOR_TOKEN}-of-{letter}-{kind}"


def _make_rows(tenant: Tenant, turn: str) -> dict[str, models.Model]:
    letter, platform, admin = tenant.letter, tenant.platform, tenant.people["admin"]
    number = NUMBER_OF[letter]
    last = 1 if turn == "kept" else 2
    exporter = factories.make_exporter(platform, _text(letter, f"exporter {turn}"))
    site = factories.make_site(
        platform, _text(letter, f"site {turn}"), address=_text(letter, "street")
    )
    mac = factories.make_mac(
        exporter,
        f"02:{number}:00:00:00:0{last}",
        _text(letter, f"player {turn}"),
        ip=f"10.{number}.0.{last}",
        outip=f"10.{number}.1.{last}",
    )
    Player.objects.filter(pk=mac.player_id).update(
        site=site, told_ip=f"10.{number}.2.{last}", told_outip=f"10.{number}.3.{last}"
    )
    token, secret = factories.make_token(
        owner=admin, platform=platform, name=_text(letter, f"token {turn}"), read_only=False
    )
    tenant.secrets[f"token {turn}"] = secret
    guest = factories.make_member(platform, Role.VIEWER, f"{turn}@canary-{letter}.test")
    return {
        "platforms.platform": platform,
        "platforms.site": site,
        "platforms.membership": guest.memberships.get(),
        "platforms.user": guest,
        "platforms.invitation": factories.make_invitation(
            platform, f"guest-{turn}@canary-{letter}.test", invited_by=admin
        ),
        "platforms.apitoken": token,
        "platforms.auditentry": factories.make_audit_entry(
            platform,
            _text(letter, f"audit {turn}"),
            before={"name": _text(letter, "before")},
            after={"name": _text(letter, "after")},
        ),
        "exporters.exporter": exporter,
        "exporters.player": mac.player,
        "exporters.exportermac": mac,
        **notices.make_rows(platform, letter, turn, number),
    }


@dataclass
class World:
    """All of it: alice's side is A; B and C are what she must never learn of."""

    a: Tenant
    b: Tenant
    c: Tenant
    root: User
    shared: dict[str, models.Model]
    callers: dict[str, Client]
    before: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)

    def remember(self, tenant: Tenant) -> None:
        """Keep a platform's rows as built, before the first question that may change some."""
        if tenant.letter not in self.before:
            self.before[tenant.letter] = fingerprint(tenant)

    def changes(self, tenant: Tenant, tables: Collection[str]) -> Iterator[str]:
        """Name the models, of those tables, of which a platform's rows are not as built."""
        now = fingerprint(tenant, tables)
        for label, rows in now.items():
            before = self.before[tenant.letter][label]
            if rows != before:
                yield f"{label}: {[row for row in rows if row not in before]}"

    def row_of(self, tenant: Tenant, label: str) -> models.Model:
        """Return the platform's row of that kind, or the installation's."""
        return self.shared[label] if label in self.shared else tenant.rows[label]

    def foreign_words(self, caller: str) -> tuple[str, ...]:
        """Return the words that this caller must not see."""
        seen = SEES[caller]
        if seen is None:
            return ()
        return tuple(
            word
            for tenant in (self.a, self.b, self.c)
            if tenant.letter not in seen
            for word in tenant.words
        )

    def secret_words(self) -> tuple[str, ...]:
        """Return what nobody at all may read in an answer or a log."""
        issued = (
            secret for tenant in (self.a, self.b, self.c) for secret in tenant.secrets.values()
        )
        return (*SECRET_WORDS, *issued)


# Whose rows a caller may see: letters, or None for everything. The order is that of routes.txt.
SEES: dict[str, str | None] = {
    "root": None,
    "alice": "a",
    "mona": "a",
    "ursula": "a",
    "bob": "a",
    "dora": "ab",
    "charlie": "b",
    "stranger": "",
    "anonymous": "",
    "token:alice": "a",
    "token:alice-read": "a",
    "token:dora-on-a": "a",
    "token:root-on-a": "a",
    "token:exporter-a": "a",
    "token:exporter-b": "b",
    "token:exporter-all": "abc",
    "token:discovery": "",
    "token:expired": "",
    "token:revoked": "",
}


def build_world() -> World:
    """Create platforms A, B and C, the shared rows, and a client for every caller."""
    a, b, c = (build_tenant(letter) for letter in "abc")
    root = factories.make_user("root@example.test", is_superuser=True)
    dora = factories.make_member(a.platform, Role.VIEWER, "dora@example.test")
    dora.memberships.create(platform=b.platform, role=Role.MANAGER)
    people = {
        "root": root,
        "alice": a.people["admin"],
        "mona": a.people["manager"],
        "ursula": a.people["user"],
        "bob": a.people["viewer"],
        "dora": dora,
        "charlie": b.people["admin"],
        "stranger": factories.make_user("stranger@example.test"),
    }
    now = timezone.now()
    tokens: dict[str, tuple[TokenKind, dict[str, Any]]] = {
        "alice": (TokenKind.USER, {"owner": people["alice"], "read_only": False}),
        "alice-read": (TokenKind.USER, {"owner": people["alice"]}),
        "dora-on-a": (
            TokenKind.USER,
            {"owner": dora, "platform": a.platform, "read_only": False},
        ),
        "root-on-a": (
            TokenKind.USER,
            {"owner": root, "platform": a.platform, "read_only": False},
        ),
        "exporter-a": (TokenKind.EXPORTER, {"platform": a.platform}),
        "exporter-b": (TokenKind.EXPORTER, {"platform": b.platform}),
        "exporter-all": (TokenKind.EXPORTER, {}),
        "discovery": (TokenKind.DISCOVERY, {}),
        "expired": (
            TokenKind.USER,
            {"owner": people["alice"], "expires_at": now - timedelta(minutes=1)},
        ),
        "revoked": (TokenKind.USER, {"owner": people["alice"]}),
    }
    callers = {name: browser(user) for name, user in people.items()}
    callers["anonymous"] = Client(raise_request_exception=False)
    for name, (kind, fields) in tokens.items():
        row, secret = factories.make_token(kind, name=f"token {name}", **fields)
        if name == "revoked":
            ApiToken.objects.filter(pk=row.pk).update(revoked_at=now)
        headers = {"Authorization": f"Bearer {secret}"}
        callers[f"token:{name}"] = Client(raise_request_exception=False, headers=headers)
    assert list(callers) == list(SEES)
    return World(a, b, c, root, shared_rows(), callers)


def token_client(kind: TokenKind, **fields: Any) -> Client:
    """Make a client that sends a token of its own."""
    _row, secret = factories.make_token(kind, **fields)
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {secret}"})


def shared_rows() -> dict[str, models.Model]:
    """Create the rows of the installation."""
    connection = PrometheusConnection.objects.create(
        pk=1,
        url="http://127.0.0.1:9/canary-shared",
        authentication="basic",
        username="canary-shared-name",
        secret="canary-secret-of-prometheus",
    )
    process = ExporterProcess.objects.create(
        kind="cubic", instance="canary-shared-1", address="127.0.0.1:19101"
    )
    interval = IntervalSchedule.objects.create(every=7, period="hours")
    task = PeriodicTask.objects.create(
        name="canary-shared task", task="canary.shared", interval=interval, enabled=False
    )
    return {
        "exporters.prometheusconnection": connection,
        "exporters.exporterprocess": process,
        "jobs.monitoringmetric": shared_metric(),
        "platforms.tick": Tick.objects.create(name="canary-shared tick"),
        "django_celery_beat.intervalschedule": interval,
        "django_celery_beat.periodictask": task,
        **shared_sockets(),
    }


def browser(user: User) -> Client:
    """Make a browser in which the person is logged in."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def _text(letter: str, what: str) -> str:
    return f"canary-{letter} {what}"


def fingerprint(
    tenant: Tenant, tables: Collection[str] | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Return every row of a platform as it stands now, audit lines included; of some tables."""
    every: list[type[models.Model]] = [*tenant_models(), *shared_models(), Platform]
    found = {
        model._meta.label: _rows(model, "pk" if model is Platform else "platform_id", tenant)
        for model in every
        if tables is None or model._meta.db_table in tables
    }
    # A token notes when it was used; that is no change of the platform.
    for row in found.get("platforms.ApiToken", ()):
        row.pop("last_used_at")
    return found


def _rows(model: type[models.Model], column: str, tenant: Tenant) -> list[dict[str, Any]]:
    chosen = model._base_manager.filter(**{column: tenant.platform.pk})
    rows: list[dict[str, Any]] = list(chosen.order_by("pk").values())
    for row in rows:
        for name, value in row.items():
            if hasattr(value, "sealed"):
                row[name] = value.sealed()
    return rows


__all__ = [
    "MALFORMED_IDS",
    "RANDOM_ID",
    "SEES",
    "Exporter",
    "ExporterMac",
    "Tenant",
    "World",
    "build_tenant",
    "build_world",
    "fingerprint",
]
