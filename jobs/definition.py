"""What a person decides about a job, as one value, and how it is read from rows. Writes nothing."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from platforms.keyring import KeyRingError
from platforms.models import Platform
from platforms.notice_kinds import Severity

from . import conditions, cron as crons
from .conditions import Condition, Criterion
from .hours import Span
from .models import Action, Job, Joined, Mode, Rung, Trigger
from .selection import Selection, selections_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """One rung of the ladder: a command by its template's id, or the restart of the model.

    `parameters` are as people type them; that of the line is left out: it is the player's own.
    """

    action: Action = Action.RESTART
    template_id: int | None = None
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)  # secrets among them
    wait: int = 600


@dataclass(frozen=True)
class Definition:
    """Everything that a person decides about a job. Times are seconds.

    Without rungs it only tells people. ``raw`` is PromQL of superadmins, instead of conditions.
    ``cron`` is in its normal form, however it was written.
    """

    platform: Platform
    selection: Selection
    own_name: str = ""
    description: str = ""
    trigger: Trigger = Trigger.RULE
    mode: Mode = Mode.SHADOW
    enabled: bool = True
    conditions: tuple[Condition, ...] = ()
    joined: Joined = Joined.ALL
    raw: str = ""
    hold: int = 300
    recover: int = 120
    cron: str = ""
    time_zone: str = ""
    rungs: tuple[Step, ...] = (Step(),)
    cooldown: int = 1800
    attempts: int = 3
    boot_grace: int = 180
    approval_time: int = 3600
    beside: bool = False
    severity: Severity = Severity.WARNING
    notify: bool = True
    hours: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "cron", crons.normal_form(self.cron))

    @property
    def criterion(self) -> Criterion | None:
        """Return what is asked of players; a schedule asks nothing."""
        if self.trigger is Trigger.SCHEDULE or self.raw or not self.conditions:
            return None
        return Criterion(self.conditions, self.joined.value)


#: Columns of the job that are parts of its definition under the same name.
COLUMNS = frozenset(each.name for each in fields(Definition)) & frozenset(
    each.name for each in Job._meta.concrete_fields
) - {"platform"}  # fmt: skip
#: A change of these begins a new version: what was seen under the old one does not count.
DECIDING = frozenset(
    {"trigger", "conditions", "joined", "raw", "hold", "recover", "selection", "cron", "time_zone"}
)


def of(job: Job) -> Definition:
    """Return the definition of one job: four queries."""
    return of_many([job])[0]


def of_many(jobs: Collection[Job]) -> list[Definition]:
    """Return the definitions of jobs in their order: four queries, however many jobs."""
    rows = {
        job.pk: job
        for job in Job.objects.filter(pk__in=[job.pk for job in jobs])
        .select_related("platform")
        .prefetch_related("conditions__metric", "rungs", "hours")
    }  # unscoped: jobs that were reached by for_user
    selections = selections_of(rows.values())
    return [_of(rows[job.pk], selections[job.pk]) for job in jobs]


def _of(job: Job, selection: Selection) -> Definition:
    columns: dict[str, Any] = {name: getattr(job, name) for name in COLUMNS}
    return Definition(
        **{
            **columns,
            "trigger": Trigger(job.trigger),
            "mode": Mode(job.mode),
            "joined": Joined(job.joined),
            "severity": Severity(job.severity),
        },
        platform=job.platform,
        selection=selection,
        conditions=tuple(
            Condition(
                each.metric.name,
                conditions.Function(each.function),
                each.window,
                conditions.Operator(each.operator),
                each.threshold,
            )
            for each in job.conditions.all()
        ),
        rungs=tuple(step_of(each) for each in job.rungs.all()),
        hours=tuple(Span(each.weekday, each.opens, each.closes) for each in job.hours.all()),
    )


def step_of(rung: Rung) -> Step:
    """Return a rung; where no key opens its secrets, without them."""
    try:
        values = rung.values
    except KeyRingError:
        logger.warning("The secrets of rung %d cannot be read; its job lacks them.", rung.pk)
        values = dict(rung.parameters)
    return Step(Action(rung.action), rung.template_id, values, rung.wait)
