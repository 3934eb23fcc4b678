"""Which metrics the conditions of a platform's jobs may be about, in words. Reads rows alone."""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from exporters.models import Exporter
from platforms.models import Platform

from . import catalogue
from .catalogue import Category, Metric
from .models import MonitoringMetric

CATEGORIES: Mapping[Category, Promise] = {
    Category.AVAILABILITY: _("Availability"),
    Category.PLAYBACK: _("Playback"),
    Category.FOUND: _("Found in Prometheus"),
}


def described(row: MonitoringMetric) -> Metric:
    """Return a row with its words; a found one has none but its name."""
    return catalogue.metrics().get(row.name) or catalogue.found(row.name, row.kind, row.identity)


def offered(platform: Platform, also: Collection[str] = ()) -> dict[str, Metric]:
    """Return the metrics of the platform's kinds of exporters, and those that are asked about now.

    Those of every kind come first, then the catalogue's, then those that were found.
    """
    kinds = set(Exporter.objects.filter(platform=platform).values_list("kind", flat=True))
    rows = MonitoringMetric.objects.offered()  # unscoped: names alone
    there = {row.name: row for row in rows if row.kind in {"", *kinds} or row.name in also}
    known = catalogue.metrics()
    found = {name: metric for name, metric in known.items() if name in there}
    ordered = sorted(found.values(), key=lambda metric: metric.kind != "")
    others = [
        catalogue.found(row.name, row.kind, row.identity)
        for row in there.values()
        if row.name not in known
    ]
    return {metric.name: metric for metric in [*ordered, *others]}


def choices(metrics: Mapping[str, Metric]) -> list[tuple[Any, Any]]:
    """Return the choices of a select, by what the metrics are about."""
    groups: list[tuple[Any, Any]] = [("", "—")]
    for category, title in CATEGORIES.items():
        mine = [
            (each.name, str(each.title)) for each in metrics.values() if each.category is category
        ]
        if mine:
            groups.append((title, mine))
    return groups


def value_of(text: str, metric: Metric | None) -> float | None:
    """Read a value as people type it: a number, or a word that the metric has for it."""
    said = text.strip()
    for value, words in metric.values.items() if metric is not None else ():
        if said.casefold() in (words.en.casefold(), words.ru.casefold()):
            return value
    number = said.replace(",", ".").replace("−", "-")
    try:
        return float(number) if number.replace("_", "") == number else None
    except ValueError:
        return None
