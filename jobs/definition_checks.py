"""What is wrong with a definition, by the field that a person can mend. Reads; writes nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple
from zoneinfo import available_timezones

from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from devices.catalogue import CatalogueError
from devices.composition import ParametersRefused, TextRefused, compose
from devices.models import CommandTemplate
from devices.own_templates import FOR_JOBS
from exporters.models import Exporter, Player
from platforms.models import Site

from . import cron, raw_promql
from .conditions import ConditionRefused
from .definition import Definition, Step
from .models import Action, MonitoringMetric, Trigger
from .selection import Selection

Errors = Mapping[str, list[str]]

MOST_CONDITIONS = 8
MOST_RUNGS = 5
MOST_HOURS = 42
MOST_ATTEMPTS = 20
LONGEST_NAME = 160
LONGEST_DESCRIPTION = 10_000
BATCH: Final = 5_000  # ids of one statement
DAY, WEEK = 86_400, 604_800
#: Least and most of each time, in seconds. A slot is 30 s; nothing is judged in less than two.
BOUNDS: Mapping[str, tuple[int, int]] = {
    "hold": (60, WEEK),
    "recover": (60, DAY),
    "cooldown": (600, WEEK),
    "boot_grace": (0, 3600),
    "approval_time": (300, WEEK),
}
WAIT = (300, 3600)  # after a rung
_OUTSIDE: Promise = gettext_lazy("Enter a number of seconds from %(least)d to %(most)d.")


class Known(NamedTuple):
    """What definitions of one platform name, as far as it is there: ids, kinds by metric."""

    exporters: Collection[int]
    sites: Collection[int]
    players: Collection[int]
    metrics: Mapping[str, str]
    templates: Mapping[int, CommandTemplate]


def known_of(platform_id: int, definitions: Collection[Definition]) -> Known:
    """Read what definitions name: five queries however many they are, more for long lists."""
    chosen = [each.selection for each in definitions]
    metrics = {part.metric for each in definitions for part in each.conditions}
    wanted = {step.template_id for each in definitions for step in each.rungs if step.template_id}
    templates = CommandTemplate.objects.usable_on(platform_id).offered().filter(pk__in=wanted)
    rows = MonitoringMetric.objects.offered().filter(name__in=metrics)  # unscoped: names alone
    return Known(
        _there(Exporter, platform_id, {pk for each in chosen for pk in each.exporters}),
        _there(Site, platform_id, {pk for each in chosen for pk in each.sites}),
        _there(Player, platform_id, {pk for each in chosen for pk in each.players}),
        dict(rows.values_list("name", "kind")),
        {row.pk: row for row in templates.select_related("model")},
    )


def _there(model: Any, platform_id: int, ids: Collection[int]) -> Collection[int]:
    found: set[int] = set()
    wanted = sorted(ids)
    for at in range(0, len(wanted), BATCH):
        some = wanted[at : at + BATCH]
        rows = model.objects.filter(platform_id=platform_id, pk__in=some)  # unscoped: ids alone
        found.update(rows.values_list("pk", flat=True))
    return found


def check(
    definition: Definition, old: Definition | None = None, known: Known | None = None
) -> Errors:
    """Return what is wrong with each field; nothing where the job can be stored.

    `old`: what it is now; `known`: what known_of() read for this one and others.
    """
    if known is None:
        known = known_of(definition.platform.pk, [definition])
    errors: dict[str, list[str]] = defaultdict(list)
    errors["selection"] += _of_selection(definition.selection, known)
    errors["conditions"] += _of_conditions(definition, known)
    for number, step in enumerate(definition.rungs):
        errors[f"rungs.{number}"] += _of_step(step, known)
    for name, told in _of_values(definition):
        errors[name].append(told)
    # A longer one is of an earlier release: it may stay as it is.
    if definition.description != (old.description if old is not None else ""):
        errors["description"] += _of_description(definition.description)
    return {name: told for name, told in errors.items() if told}


def _of_description(text: str) -> list[str]:
    if len(text) <= LONGEST_DESCRIPTION:
        return []
    told = {"most": LONGEST_DESCRIPTION, "number": len(text)}
    return [_("A description has %(most)d characters at most; this one has %(number)d.") % told]


def _of_values(definition: Definition) -> Iterator[tuple[str, str]]:
    for name, (least, most) in BOUNDS.items():
        if not least <= getattr(definition, name) <= most:
            yield name, str(_OUTSIDE) % {"least": least, "most": most}
    if not 1 <= definition.attempts <= MOST_ATTEMPTS:
        yield "attempts", _("Enter a number from 1 to %(most)d.") % {"most": MOST_ATTEMPTS}
    if len(definition.own_name) > LONGEST_NAME:
        yield "own_name", _("This name is too long.")
    if definition.time_zone and definition.time_zone not in available_timezones():
        yield "time_zone", _("This time zone is not known.")
    if len(definition.hours) > MOST_HOURS:
        yield "hours", _("These are too many spans of hours.")
    if len(definition.rungs) > MOST_RUNGS:
        yield "rungs", _("A ladder has %(most)d rungs at most.") % {"most": MOST_RUNGS}
    yield from _of_trigger(definition)


def _of_trigger(definition: Definition) -> Iterator[tuple[str, str]]:
    if definition.trigger is Trigger.SCHEDULE:
        yield from (("cron", told) for told in _of_cron(definition.cron))
        if not definition.rungs:
            yield "rungs", _("A schedule needs something to do.")
    elif definition.cron:
        yield "cron", _("A rule acts on its conditions: it has no schedule.")


def _of_selection(selection: Selection, known: Known) -> list[str]:
    """Say whether it names anything, and whether all of it is of the platform."""
    if selection.is_empty:
        return [_("Choose what the job watches: it never watches everything by itself.")]
    missing = sum(
        len(ids.difference(there))
        for ids, there in (
            (selection.exporters, known.exporters),
            (selection.sites, known.sites),
            (selection.players, known.players),
        )
    )
    if not missing:
        return []
    return [
        ngettext(
            "%(count)d of the things chosen is not there.",
            "%(count)d of the things chosen are not there.",
            missing,
        )
        % {"count": missing}
    ]


def _of_conditions(definition: Definition, known: Known) -> list[str]:
    if definition.trigger is Trigger.SCHEDULE:
        if definition.conditions or definition.raw:
            return [_("A schedule acts by the clock: it has no conditions.")]
        return []
    if definition.raw:
        if definition.conditions:
            return [_("Give conditions or raw PromQL, not both.")]
        return _of_raw(definition.raw)
    if not definition.conditions:
        return [_("Add a condition: without one no player is ever bad.")]
    if len(definition.conditions) > MOST_CONDITIONS:
        return [_("A job has %(most)d conditions at most.") % {"most": MOST_CONDITIONS}]
    wanted = {each.metric for each in definition.conditions}
    kinds = {name: known.metrics[name] for name in wanted if name in known.metrics}
    told = [
        _("The metric %(name)s is not known.") % {"name": name}
        for name in sorted(wanted - {*kinds})
    ]
    if len(set(kinds.values()) - {""}) > 1:  # one without a kind is of all of them
        told.append(_("The conditions of a job are about players of one kind of exporter."))
    for each in definition.conditions:
        try:
            each.check()
        except ConditionRefused as error:
            told.append(str(error))
    return told


def _of_raw(text: str) -> list[str]:
    try:
        raw_promql.check(text)
    except raw_promql.RawRefused as error:
        return [str(error)]
    return []


def _of_cron(expression: str) -> list[str]:
    try:
        cron.checked(expression)
    except cron.CronRefused as error:
        return [str(error)]
    return []


def _of_step(step: Step, known: Known) -> list[str]:
    """Say what is wrong with a rung: also what would be refused when it is sent."""
    least, most = WAIT
    told = [] if least <= step.wait <= most else [str(_OUTSIDE) % {"least": least, "most": most}]
    if step.action is Action.RESTART:
        if step.template_id is not None:
            told.append(_("A restart names no command: the socket's model has its own."))
        return told
    template = known.templates.get(step.template_id or 0)
    if template is None:
        return [*told, _("Choose a command.")]
    try:
        shape = template.shape
    except (KeyError, CatalogueError):
        return [*told, _("This command is of an older release: choose another one.")]
    if not template.for_jobs or shape.danger not in FOR_JOBS:
        return [*told, _("Jobs may not send this command.")]
    values = dict(step.parameters)
    if isinstance(shape.lines, str):
        # The line is the player's own; any that the model has shows whether the others fit.
        values[shape.lines] = str(min(template.model.shape.every_line, default=1))
    try:
        compose(template.model.shape, shape, values)
    except ParametersRefused as error:
        labels = {each.name: each.label for each in shape.parameters}
        told += [f"{labels.get(name, name)}: {why}" for name, why in error.errors.items()]
    except TextRefused:
        told.append(_("The socket would not understand this command."))
    return told
