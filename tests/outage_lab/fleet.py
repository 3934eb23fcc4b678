"""The rows of the lab: two platforms, three sources, a socket under every player, a job each.

Made once; between two runs everything is forgotten that evaluation, acting and the road of
commands wrote.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.apps import apps
from django.core.cache import cache
from django.db import connection, transaction

from devices import synchronisation
from devices.models import Binding, Device, DeviceLine, DeviceModel
from exporters.models import (
    Exporter,
    ExporterProcess,
    Player,
    PlayerSource,
    PrometheusConnection,
)
from jobs import saving
from jobs.conditions import Condition, Function, Operator
from jobs.definition import Definition, Step
from jobs.models import Job, Mode, MonitoringMetric
from jobs.selection import Selection
from platforms.audit import SYSTEM
from platforms.models import Platform
from tests import factories
from tests.devices.world import make_gateway

from .front import TIMEOUT
from .pages import Listed, Source
from .schedule import A1, A2, B1, OF_A, OF_A2, OF_B, SHARES, Schedule, Terms

STATUS = "device_status"
_KINDS = {A1: "cubic", A2: "addreality", B1: "cubic"}
_KEPT = {"metric", "devicemodel", "commandtemplate", "smsgateway", "device", "deviceline",
         "binding", "monitoringmetric"}  # fmt: skip
_FORGOTTEN = {"notice", "delivery", "auditentry"}


@dataclass
class Fleet:
    """All players, by their numbers; those of a source follow each other."""

    size: int
    sources: dict[str, Source] = field(default_factory=dict)
    players: list[Player] = field(default_factory=list)
    platforms: dict[str, Platform] = field(default_factory=dict)
    by_phone: dict[str, int] = field(default_factory=dict)

    def build(self, url: str) -> None:
        """Make the rows, every player on a socket of its own."""
        alpha, beta = factories.make_platform("Lab A"), factories.make_platform("Lab B")
        self.platforms = {A1: alpha, A2: alpha, B1: beta}
        for name, platform in self.platforms.items():
            exporter = factories.make_exporter(platform, name, _KINDS[name])
            self._enrol(name, exporter, round(self.size * SHARES[name]))
        limits = {OF_A: None, OF_A2: None, OF_B: beta.pk}
        for at, (name, limit) in enumerate(limits.items()):
            kind = name.partition("-")[0]
            ExporterProcess.objects.create(
                kind=kind, instance=name, address=f"127.0.0.1:{9100 + at}", pinned=True,
                limited_to_id=limit,
            )  # fmt: skip
        self._hang_on_sockets()
        MonitoringMetric.objects.get_or_create(name=STATUS, defaults={"in_catalogue": True})
        PrometheusConnection.objects.update_or_create(pk=1, defaults={"url": url})
        PrometheusConnection.objects.update(timeout=TIMEOUT)

    def _enrol(self, name: str, exporter: Exporter, size: int) -> None:
        first = len(self.players)
        rows = Player.objects.bulk_create(
            Player(
                platform_id=exporter.platform_id, exporter=exporter,
                identity=factories.mac_of(number), source=PlayerSource.TYPED,
            )
            for number in range(first, first + size)
        )  # fmt: skip
        self.players += rows
        listed = [Listed(first + at, row.identity) for at, row in enumerate(rows)]
        self.sources[name] = Source(name, exporter.kind, exporter.platform_id, exporter.pk, listed)

    def _hang_on_sockets(self) -> None:
        synchronisation.synchronise()
        make_gateway(None)
        model = DeviceModel.objects.get(key="simpal_d210")
        sockets = Device.objects.bulk_create(
            Device(platform_id=each.platform_id, model=model, name=f"Socket {number}",
                   phone=f"+7900{number:07}")
            for number, each in enumerate(self.players)
        )  # fmt: skip
        self.by_phone = {socket.phone: number for number, socket in enumerate(sockets)}
        lines = DeviceLine.objects.bulk_create(
            DeviceLine(platform_id=each.platform_id, device=each, number=1) for each in sockets
        )
        Binding.objects.bulk_create(
            Binding(platform_id=player.platform_id, player=player, line=line)
            for player, line in zip(self.players, lines, strict=True)
        )

    def begin(self, schedule: Schedule, now: datetime) -> None:
        """Forget the run before, and store the jobs of this one."""
        cache.clear()
        with transaction.atomic(), connection.cursor() as cursor:
            # As a replica it asks no trigger: nobody may delete these rows but the lab.
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table in _tables():
                cursor.execute(f'DELETE FROM "{table}"')
        Player.objects.update(retired_at=None, last_seen=now, first_seen=now)
        late = [self.players[number].pk for number in schedule.late_players]
        Player.objects.filter(pk__in=late).update(retired_at=now, last_seen=None, first_seen=None)
        Binding.objects.update(since=now - timedelta(days=30))
        for platform in {each.pk: each for each in self.platforms.values()}.values():
            terms = schedule.terms
            window = terms.window if platform == self.platforms[B1] else 0
            saving.save(_definition(platform, replace(terms, window=window)), SYSTEM)
        Job.objects.update(changed_at=now - timedelta(days=1))

    def enrol_late(self, schedule: Schedule) -> None:
        """Take the players into use that nobody ever saw well."""
        late = [self.players[number].pk for number in schedule.late_players]
        Player.objects.filter(pk__in=late).update(retired_at=None)

    def remove(self, name: str, share: float, now: datetime) -> None:
        """Take many players of a source out of use."""
        listed = self.sources[name].players
        gone = [self.players[each.number].pk for each in listed[: int(len(listed) * share)]]
        Player.objects.filter(pk__in=gone, retired_at=None).update(retired_at=now)

    def take_back(self, name: str, but: tuple[int, ...]) -> None:
        """Take the players of a source into use again."""
        numbers = {each.number for each in self.sources[name].players}.difference(but)
        rows = Player.objects.filter(pk__in=[self.players[number].pk for number in numbers])
        rows.update(retired_at=None)


def _definition(platform: Platform, terms: Terms) -> Definition:
    window = terms.window
    function = Function.MAX if window else Function.LAST
    condition = Condition(STATUS, function, window, Operator.LESS if window else Operator.EQUAL,
                          float(bool(window)))  # fmt: skip
    return Definition(
        platform=platform,
        selection=Selection(platform.pk, whole=True),
        conditions=(condition,),
        mode=Mode.LIVE,
        hold=terms.hold,
        recover=terms.recover,
        cooldown=terms.cooldown,
        boot_grace=terms.grace,
        rungs=(Step(wait=terms.wait),),
    )


def _tables() -> list[str]:
    """Return what a run wrote: all of jobs, the road of commands, what was told and recorded."""
    found = []
    for label in ("jobs", "devices", "platforms"):
        for model in apps.get_app_config(label).get_models():
            name = model._meta.model_name or ""
            if name in _FORGOTTEN or (label != "platforms" and name not in _KEPT):
                found.append(model._meta.db_table)
    return found
