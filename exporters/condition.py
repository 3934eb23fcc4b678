"""The condition of exporters in full, as a person reads it: figures, what is wrong, what to do.

One query for all exporters of a page. Where several processes poll one exporter, its devices and
errors are the sum of theirs, and it is as well as the worst of them.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _, ngettext_lazy
from django_stubs_ext import StrOrPromise

from . import metrics, promql
from .asking import Ask, Outage
from .faults import fault
from .health import Health, ProcessKey
from .kinds import KINDS
from .models import Exporter, ExporterProcess
from .observations import exporter_of, groups
from .prometheus import Sample
from .sources import sources_of
from .verdicts import REMEDIES, Process, Source, Why, trouble

SPAN = 3600  # seconds in which errors are counted
_OF_SOURCE = (
    metrics.SOURCE_UP, metrics.SOURCE_LAST_SUCCESS, metrics.SOURCE_POLL_DURATION,
    metrics.SOURCE_DEVICES, metrics.SOURCE_TRUNCATED, metrics.SOURCE_DROPPED,
    metrics.SOURCE_MISSING,
)  # fmt: skip
UNKNOWN_STATES = ("unknown", "not_found", "stale")


class Note(NamedTuple):
    """One thing that is wrong, and what to do; `code` is what an exporter process calls it."""

    text: StrOrPromise
    remedy: StrOrPromise | Promise
    is_bad: bool = True
    code: str = ""
    command: str = ""


@dataclass(slots=True)
class Told:
    """What the processes tell that poll one exporter, taken together."""

    ups: list[bool] = field(default_factory=list)
    successes: list[float] = field(default_factory=list)
    duration: float | None = None
    devices: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)  # of the last SPAN, by reason
    truncated: bool = False
    dropped: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """One exporter: what its processes tell, and which of them are silent."""

    exporter: Exporter
    source: Source
    told: Told
    silent: tuple[str, ...] = ()

    @property
    def duration(self) -> float | None:
        """Return how long the last poll took, in seconds."""
        return self.told.duration

    @property
    def processes(self) -> int:
        """Return how many processes poll it."""
        return len(self.told.ups)

    @property
    def online(self) -> int:
        """Return how many devices are online."""
        return self.told.devices["online"]

    @property
    def offline(self) -> int:
        """Return how many devices are offline."""
        return self.told.devices["offline"]

    @property
    def unknown(self) -> int:
        """Return how many devices are unknown, for whatever reason."""
        return sum(self.told.devices[state] for state in UNKNOWN_STATES)

    @property
    def total(self) -> int:
        """Return how many devices there are."""
        return self.told.devices.total()

    @property
    def why(self) -> Why | None:
        """Return what keeps it from working at all."""
        if not self.exporter.platform.active:
            return Why.PLATFORM_INACTIVE
        if not self.exporter.enabled:
            return Why.EXPORTER_DISABLED
        return trouble(self.source)

    @property
    def notes(self) -> tuple[Note, ...]:
        """Return all that is wrong, the worst first."""
        return tuple(sorted(self._notes(), key=lambda note: not note.is_bad))

    @property
    def is_ailing(self) -> bool:
        """Tell whether something is wrong that does not go away by itself."""
        return any(note.is_bad for note in self.notes)

    def _notes(self) -> Iterator[Note]:
        why = self.why
        # A vendor that refuses a token does answer: the errors say it better, where there are any.
        if why is not None and not (why is Why.SOURCE_DOWN and self.told.errors):
            command = ""
            if why in (Why.NO_PROCESS, Why.PROCESS_DOWN):
                command = f"python manage.py run_{self.exporter.kind}_exporter"
            off = why in (Why.PLATFORM_INACTIVE, Why.EXPORTER_DISABLED)
            yield Note(why.label, REMEDIES[why], not off, "", command)
            if off or self.source.process is not Process.UP:
                return  # what was told before says nothing of now
        yield from self._of_processes()
        for reason, number in self.told.errors.most_common():
            words = fault(reason)
            text = format_lazy(
                _("{meaning} ({number}× in the last hour)"),
                meaning=words.meaning,
                number=number,
            )
            yield Note(text, words.remedy, why is Why.SOURCE_DOWN, reason)
        yield from self._of_the_list()

    def _of_processes(self) -> Iterator[Note]:
        if self.silent:
            text = _("Not all of its processes answer: {names}")
            yield Note(
                format_lazy(text, names=", ".join(self.silent)),
                _("Their share of the devices is unknown. Start them again."),
            )
        if True in self.told.ups and False in self.told.ups:
            yield Note(
                _("For some of its processes the vendor does not answer"),
                _("Compare their logs; often the network of one machine is at fault."),
            )

    def _of_the_list(self) -> Iterator[Note]:
        told = self.told
        if told.truncated:
            yield Note(
                _("The vendor has more devices than it lists"),
                _("Raise the number of devices a page, as far as the vendor allows."),
            )
        if told.dropped:
            text = ngettext_lazy(
                "%(number)s device is left out: one source may have no more",
                "%(number)s devices are left out: one source may have no more",
                "number",
            ) % {"number": told.dropped}
            yield Note(text, _("Raise MAX_DEVICES of the exporter process, or divide the account."))
        if told.missing:
            text = ngettext_lazy(
                "%(number)s device is missing from the vendor's last list",
                "%(number)s devices are missing from the vendor's last list",
                "number",
            ) % {"number": told.missing}
            remedy = _(
                "They are kept until the next lists confirm it. If they should be there, ask the "
                "vendor, or check that this is the right account."
            )
            yield Note(text, remedy, is_bad=False)


def conditions_of(ask: Ask, exporters: Collection[Exporter]) -> dict[int, Condition] | Outage:
    """Return the condition of each exporter by its id: one query, none for no exporter."""
    if not exporters:
        return {}
    found = ask.now(question(ask, exporters))
    return found if isinstance(found, Outage) else read(ask.processes, exporters, found)


def read(
    processes: Iterable[ExporterProcess], exporters: Collection[Exporter], found: Iterable[Sample]
) -> dict[int, Condition]:
    """Return the condition of each exporter by its id, from what Prometheus held at one moment."""
    answering: dict[ProcessKey, bool] = {}
    told: dict[tuple[int, int], Told] = defaultdict(Told)
    for series in found:
        name, labels = series.labels.get("__name__", ""), series.labels
        if name == "up":
            key = ProcessKey(labels.get("kind", ""), labels.get("instance", ""))
            answering[key] = answering.get(key, False) or series.value == 1
        elif (exporter := exporter_of(labels)) is not None:
            _take(told[exporter], name, series)
    return dict(_conditions(processes, exporters, answering, told))


def standings(ask: Ask, exporters: Collection[Exporter]) -> promql.Expression:
    """Ask only for what `Condition.why` is made of; of processes that were read a moment ago.

    For many moments, and all exporters of these platforms.
    """
    apart = groups(ask, {exporter.platform_id for exporter in exporters})
    ups = (promql.selector(metrics.SOURCE_UP.name, group) for group in apart)
    return promql.union(*ups, promql.recent(promql.processes_up(KINDS)))


def question(ask: Ask, exporters: Collection[Exporter]) -> promql.Expression:
    """Ask for the figures, for errors of the last hour, and for the processes, in one."""
    numbers = [str(exporter.pk) for exporter in exporters]
    apart = groups(ask, {exporter.platform_id for exporter in exporters})
    names = [metric.name for metric in _OF_SOURCE]
    figures = (promql.selector(names, group, exporter_id=numbers) for group in apart)
    errors = (
        promql.risen(
            promql.selector(metrics.SOURCE_ERRORS.name, group, exporter_id=numbers),
            SPAN,
            "platform_id",
            "exporter_id",
            "reason",
        )
        for group in apart
    )
    return promql.union(*figures, *errors, promql.processes_up(KINDS))


def _take(told: Told, metric: str, series: Sample) -> None:
    value = series.value
    if not metric:  # an expression has no name: how far a counter rose
        told.errors[series.labels.get("reason", "")] += max(1, round(value))
    elif metric == metrics.SOURCE_UP.name:
        told.ups.append(value == 1)
    elif metric == metrics.SOURCE_LAST_SUCCESS.name:
        told.successes += [value] if 0 < value < 1e11 else []
    elif metric == metrics.SOURCE_POLL_DURATION.name:
        told.duration = max(value, told.duration or 0.0)
    elif metric == metrics.SOURCE_DEVICES.name:
        told.devices[series.labels.get("state", "")] += int(value)
    elif metric == metrics.SOURCE_TRUNCATED.name:
        told.truncated = told.truncated or value == 1
    elif metric == metrics.SOURCE_DROPPED.name:
        told.dropped += int(value)
    elif metric == metrics.SOURCE_MISSING.name:
        told.missing += int(value)


def _conditions(
    processes: Iterable[ExporterProcess],
    exporters: Collection[Exporter],
    answering: Mapping[ProcessKey, bool],
    told: Mapping[tuple[int, int], Told],
) -> Iterator[tuple[int, Condition]]:
    listed = list(processes)
    standings = sources_of(listed, Health({}, answering), exporters)
    for exporter in exporters:
        figures = told.get((exporter.platform_id, exporter.pk), Told())
        successes = figures.successes
        last = min(successes) if successes and len(successes) >= len(figures.ups) else None
        source = Source(
            process=standings[exporter.pk].process,
            up=all(figures.ups) if figures.ups else None,
            last_success=None if last is None else datetime.fromtimestamp(last, UTC),
            truncated=figures.truncated,
        )
        silent = sorted(
            process.instance
            for process in listed
            if process.kind == exporter.kind
            and process.limited_to_id in (None, exporter.platform_id)
            and answering.get(ProcessKey(process.kind, process.instance)) is False
        )
        yield exporter.pk, Condition(exporter, source, figures, tuple(silent))
