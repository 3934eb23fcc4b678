"""Finds metrics of players in Prometheus that no file of ours describes: other people's exporters.

Such a page tells of a player as ours do: by the platform, the exporter and the player's label. It
reads names alone, of processes that speak for all platforms, and it may not give a metric up
because Prometheus was away or answered in part.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from exporters import metrics, promql
from exporters.connection import current_connection
from exporters.kinds import KINDS
from exporters.observations import FAMILIES
from exporters.prometheus import PrometheusError, label_values
from platforms.models import Platform

from . import catalogue
from .models import MonitoringMetric

logger = logging.getLogger(__name__)

OF_LATE: Final = timedelta(hours=1)
MOST: Final = 500  # found metrics; a page that makes names up must not fill every list
LONGEST: Final = 200  # characters of a name


@dataclass(frozen=True, slots=True)
class Round:
    """What one look found; ``fault`` says why it was none."""

    found: int = 0
    added: int = 0
    withdrawn: int = 0
    fault: str = ""

    def __str__(self) -> str:
        if self.fault:
            return f"no metrics read: {self.fault}"
        return f"{self.found} metrics found: {self.added} added, {self.withdrawn} withdrawn"


def discover(now: datetime) -> Round:
    """Read which metrics of players there were of late, and bring the rows of found ones to it."""
    numbers = list(Platform.objects.filter(active=True).values_list("pk", flat=True))
    if not numbers:
        return Round()
    try:
        seen, is_whole = _seen(numbers, now)
    except PrometheusError as error:
        logger.warning("Metrics were not looked for (%s); the known ones stay", error.code)
        return Round(fault=str(error))
    fresh = [MonitoringMetric(name=name, found_at=now, **said) for name, said in seen.items()]
    with transaction.atomic():
        rows = MonitoringMetric.objects.filter(in_catalogue=False)
        before = set(rows.values_list("name", flat=True))
        MonitoringMetric.objects.bulk_create(fresh, ignore_conflicts=True)
        back = rows.filter(name__in=seen).exclude(withdrawn_at=None)
        back.update(withdrawn_at=None)
        gone = rows.offered().exclude(name__in=seen)
        withdrawn = gone.update(withdrawn_at=now) if is_whole else 0
    done = Round(len(seen), len(seen.keys() - before), withdrawn)
    if done.added or done.withdrawn:
        logger.info("Metrics in Prometheus: %s", done)
    return done


def _seen(numbers: list[int], now: datetime) -> tuple[dict[str, dict[str, object]], bool]:
    """Return what is to be known of each name, and whether that is all of them."""
    connection = current_connection()
    start, end = (now - OF_LATE).timestamp(), now.timestamp()
    seen: dict[str, dict[str, object]] = {}
    is_whole, ours = True, _ours()
    for kind, label in _places():
        selected = promql.having_label(label, numbers, kind)
        names, is_partial = label_values(connection, "__name__", selected, start, end)
        is_whole = is_whole and not is_partial
        for name in names:
            if name not in ours and promql.METRIC_NAME.fullmatch(name) and len(name) <= LONGEST:
                seen.setdefault(name, {"kind": kind, "identity": label, "in_catalogue": False})
    if len(seen) > MOST:
        text = "%d metrics of players are in Prometheus; the first %d by name can be asked for"
        logger.warning(text, len(seen), MOST)
    return {name: seen[name] for name in sorted(seen)[:MOST]}, is_whole


def _places() -> Iterator[tuple[str, str]]:
    """Yield kinds with their label: first pages of our kinds, then those that have no kind."""
    yield from ((kind.name, kind.identity) for kind in KINDS.values())
    yield from (("", label) for label in sorted({kind.identity for kind in KINDS.values()}))


def _ours() -> set[str]:
    """Return the names that the catalogue knows, and those of ours that no condition is about."""
    known = catalogue.metrics().values()
    return {
        *(metric.name for metric in known),
        *(metric.name for metric in metrics.LEGACY_METRICS),
        *(series.name for metric in known for series in metric.series),
        *(name for each in FAMILIES.values() for name in (each.status, each.info, each.unknown)),
    }
