"""What the test of a Prometheus connection tells a superadmin, in plain words."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from . import prometheus, promql
from .connection import connection_of
from .kinds import KINDS
from .models import PrometheusConnection
from .prometheus import Examination, PrometheusError

LONGEST_TEST = 15.0  # seconds for one of the questions
CLOCK_TOLERANCE = 5.0  # seconds; the half of a usual scrape interval


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome: ``error`` when nothing could be learned, else figures and hints."""

    error: StrOrPromise = ""
    found: Examination | None = None
    targets_up: int = 0
    targets: int = 0

    @property
    def hints(self) -> tuple[Promise, ...]:
        """Return what else should be done although it answers."""
        return tuple(self._hints())

    def _hints(self) -> Iterator[Promise]:
        if self.found is None:
            return
        if abs(self.found.skew) > CLOCK_TOLERANCE:
            yield _(
                "Its clock and Remosa's differ: since-when and ages are wrong by as much. "
                "Set both by NTP."
            )
        if not self.targets:
            yield _(
                "It scrapes no exporter process of Remosa: add Remosa's service discovery "
                "(/api/v1/prometheus/targets) to its configuration."
            )
        elif self.targets_up < self.targets:
            yield _("It does not reach every exporter process: see the page Exporter processes.")
        elif not self.found.series:
            yield _("It has no series of Remosa yet: exporters without players have none.")
        if self.found.warnings:
            yield _("It answers with warnings, so players are shown as unknown.")


def examine(row: PrometheusConnection) -> Report:
    """Try a connection, saved or not; every error is in the report."""
    try:
        connection = connection_of(row)
        connection = replace(connection, timeout=min(connection.timeout, LONGEST_TEST))
        found = prometheus.examine(connection)
        targets = prometheus.query(connection, promql.processes_up(KINDS)).samples
    except PrometheusError as error:
        return Report(error=error.message)
    # By process: what one serves under the name `up` is not another process.
    standing: dict[tuple[str, ...], bool] = {}
    for each in targets:
        key = tuple(each.labels.get(label, "") for label in ("job", "instance", "kind"))
        standing[key] = standing.get(key, True) and each.value == 1
    return Report(found=found, targets_up=sum(standing.values()), targets=len(standing))
