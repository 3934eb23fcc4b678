"""Fill a new database with the jobs of the demo: one that acts, one that asks, others that watch.

What is there already stays as the visitor left it. Times are short, so that a visitor sees a hung
player come back within minutes; those of a real fleet are the form's own.
"""

from demo.seeding import ACTOR
from demo.world import COMPANIES
from devices.models import Device
from exporters.models import Exporter
from jobs import saving
from jobs.conditions import Condition, Function, Operator
from jobs.definition import Definition, Step
from jobs.models import Job, Mode, Trigger
from jobs.selection import Selection
from platforms.models import Platform

STATUS = "remosa_exporter_cubic_device_status"
PLAYBACK = "remosa_exporter_addreality_player_status"
OFFLINE = Condition(STATUS, Function.LAST, 0, Operator.EQUAL, 0.0)
PAUSED = Condition(PLAYBACK, Function.LAST, 0, Operator.EQUAL, 0.0)
#: The power is back a minute after the message, and a simulated player boots in 40 seconds.
HOLD, RECOVER, BOOT, COOLDOWN = 90, 60, 60, 600


def seed() -> int:
    """Make the jobs of platforms that have none; return how many. The caller's transaction."""
    made = 0
    for company, mode in zip(COMPANIES, (Mode.LIVE, Mode.APPROVE), strict=True):
        platform = Platform.objects.get(name=company.name)
        # Those that were removed count too: who empties a platform wants it empty.
        if not Job.objects.filter(platform=platform).exists():
            made += sum(_made(each) for each in _definitions(platform, mode))
    return made


def _definitions(platform: Platform, mode: Mode) -> list[Definition]:
    watched = {
        kind: Selection(
            platform.pk,
            exporters=frozenset(
                Exporter.objects.filter(platform=platform, kind=kind).values_list("pk", flat=True)
            ),
        )
        for kind in ("cubic", "addreality")
    }
    restart = (Step(wait=420),)
    return [
        Definition(
            platform,
            watched["cubic"],
            mode=mode,
            conditions=(OFFLINE,),
            rungs=restart,
            hold=HOLD,
            recover=RECOVER,
            boot_grace=BOOT,
            cooldown=COOLDOWN,
        ),
        Definition(
            platform, watched["addreality"], mode=Mode.SHADOW, conditions=(PAUSED,), rungs=restart
        ),
        Definition(
            platform,
            Selection(platform.pk, players=_one_with_a_socket(platform)),
            trigger=Trigger.SCHEDULE,
            mode=Mode.SHADOW,
            cron="0 4 * * *",
            rungs=restart,
        ),
    ]


def _one_with_a_socket(platform: Platform) -> frozenset[int]:
    """Return the first player that hangs on a socket alone, for a restart every night."""
    line = Device.objects.filter(platform=platform, lines__bindings__ended_at=None)
    players = line.order_by("pk").values_list("lines__bindings__player", flat=True)
    return frozenset(each for each in players[:1] if each is not None)


def _made(definition: Definition) -> bool:
    if definition.selection.is_empty:
        return False
    saving.save(definition, ACTOR)
    return True
