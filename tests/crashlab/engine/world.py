"""The rows of the lab: platforms with a source each, a socket under every player, and the jobs.

The first platforms have a job that acts; on one of them another job only watches the same players,
on the next one a person is asked first. On the last one schedules restart everybody, one of them
after a person was asked.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from devices import synchronisation
from devices.models import Binding, Device, DeviceLine, DeviceModel
from devices.senders import Sender
from exporters.models import ExporterProcess, Player, PlayerSource, PrometheusConnection
from jobs import saving
from jobs.conditions import Condition, Function, Operator
from jobs.definition import Definition, Step
from jobs.models import Job, Mode, MonitoringMetric, Trigger
from jobs.selection import Selection
from platforms.audit import SYSTEM, Actor
from platforms.models import Platform
from tests import factories
from tests.devices.world import make_gateway
from tests.outage_lab.pages import Listed, Process, Source

STATUS = "device_status"
HOLD, RECOVER, GRACE, COOLDOWN, WAIT, ATTEMPTS = 60, 60, 30, 600, 300, 2
APPROVAL = 300
#: Whoever approves late lets the other one's players cool down.
CRON, CRON_OF_APPROVED = "*/12 * * * *", "6-59/12 * * * *"
BY_THE_CLOCK = 5  # players of the schedule
POLLED = "lab"  # of the process that speaks for all platforms


@dataclass
class World:
    """Players by their numbers; those of a source follow each other, those of a schedule last."""

    size: int  # players of a source
    sources: list[Source] = field(default_factory=list)
    players: list[Player] = field(default_factory=list)
    by_phone: dict[str, int] = field(default_factory=dict)
    platforms: list[Platform] = field(default_factory=list)

    def build(self, number: int, now: datetime) -> None:
        """Make the rows: so many platforms with a rule, and one with a schedule."""
        synchronisation.synchronise()
        for at in range(number + 1):
            platform = factories.make_platform(f"Lab {at}")
            self.platforms.append(platform)
            self._enrol(platform, now, self.size if at < number else BY_THE_CLOCK)
        ExporterProcess.objects.create(
            kind="cubic", instance=POLLED, address="127.0.0.1:9100", pinned=True
        )
        self._hang_on_sockets(now)
        MonitoringMetric.objects.get_or_create(name=STATUS, defaults={"in_catalogue": True})
        for platform in self.platforms[:-1]:
            mode = Mode.APPROVE if platform == self.platforms[1] else Mode.LIVE
            saving.save(_rule(platform, mode, self.attempts(platform.pk)), SYSTEM)
        saving.save(_rule(self.platforms[0], Mode.SHADOW, ATTEMPTS), SYSTEM)
        saving.save(_schedule(self.platforms[-1], CRON, Mode.LIVE), SYSTEM)
        saving.save(_schedule(self.platforms[-1], CRON_OF_APPROVED, Mode.APPROVE), SYSTEM)
        Job.objects.update(changed_at=now - timedelta(days=1), due_at=None)
        user = factories.make_user("lab@example.test", is_superuser=True)
        self.person = Sender(Actor(label="lab", via="admin", user_id=user.pk), user)

    def reach(self, prometheus: str, gateway: str) -> None:
        """Tell where the servers are that this machine asks."""
        PrometheusConnection.objects.update_or_create(
            pk=1, defaults={"url": prometheus, "timeout": 3}
        )
        make_gateway(None, driver="http", address=gateway, secret="key-of-the-lab")

    def process(self) -> Process:
        """Return the exporter process that polls all sources."""
        return Process(POLLED, "cubic", self.sources, None, 0.0)

    def attempts(self, platform_id: int) -> int:
        """Return how many attempts an episode gets; on the third platform people come soon."""
        return 1 if platform_id in {each.pk for each in self.platforms[2:3]} else ATTEMPTS

    def _enrol(self, platform: Platform, now: datetime, size: int) -> None:
        exporter = factories.make_exporter(platform, platform.name, "cubic")
        first = len(self.players)
        rows = Player.objects.bulk_create(
            Player(
                platform=platform, exporter=exporter, identity=factories.mac_of(number),
                source=PlayerSource.TYPED, first_seen=now, last_seen=now,
            )
            for number in range(first, first + size)
        )  # fmt: skip
        self.players += rows
        listed = [Listed(first + at, row.identity) for at, row in enumerate(rows)]
        self.sources.append(Source(platform.name, "cubic", platform.pk, exporter.pk, listed))

    def _hang_on_sockets(self, now: datetime) -> None:
        """Put every second player on a socket that needs two messages to restart it."""
        models = [DeviceModel.objects.get(key=key) for key in ("simpal_d210", "simpal_d410")]
        sockets = Device.objects.bulk_create(
            Device(platform_id=each.platform_id, model=models[number % 2],
                   name=f"Socket {number}", phone=f"+7900{number:07}")
            for number, each in enumerate(self.players)
        )  # fmt: skip
        self.by_phone = {socket.phone: number for number, socket in enumerate(sockets)}
        lines = DeviceLine.objects.bulk_create(
            DeviceLine(platform_id=each.platform_id, device=each, number=line)
            for number, each in enumerate(sockets)
            for line in range(1, 2 + number % 2)
        )
        first = {line.device_id: line for line in lines if line.number == 1}
        Binding.objects.bulk_create(
            Binding(platform_id=player.platform_id, player=player, line=first[socket.pk])
            for player, socket in zip(self.players, sockets, strict=True)
        )
        Binding.objects.update(since=now - timedelta(days=30))


def _rule(platform: Platform, mode: Mode, attempts: int) -> Definition:
    condition = Condition(STATUS, Function.LAST, 0, Operator.EQUAL, 0.0)
    return Definition(
        platform=platform,
        selection=Selection(platform.pk, whole=True),
        conditions=(condition,),
        mode=mode,
        hold=HOLD,
        recover=RECOVER,
        cooldown=COOLDOWN,
        boot_grace=GRACE,
        attempts=attempts,
        approval_time=APPROVAL,
        rungs=(Step(wait=WAIT), Step(wait=WAIT)),
    )


def most_bad(players: int) -> int:
    """Return how many players of a source may be bad before its brake has to engage."""
    return max(2, players // 5)


def _schedule(platform: Platform, cron: str, mode: Mode) -> Definition:
    return Definition(
        platform=platform,
        selection=Selection(platform.pk, whole=True),
        trigger=Trigger.SCHEDULE,
        mode=mode,
        cron=cron,
        approval_time=APPROVAL,
        cooldown=COOLDOWN,
        boot_grace=GRACE,
        attempts=1,
        rungs=(Step(wait=WAIT),),
    )
