"""What is said of one player at one moment: bad, good, or not known; and three-valued logic.

Pure: no query, no clock. It may not make an UNKNOWN into anything else: only a proof does that.
"""

from collections.abc import Iterable
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from exporters.labelled import Labelled


class Verdict(StrEnum):
    """TRUE is bad, FALSE is good; UNKNOWN is neither, for nothing proves one or the other."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class Why(Labelled):
    """Why a verdict is UNKNOWN, from the outermost cause to the innermost."""

    PROMETHEUS_AWAY = "prometheus_away", _("Prometheus does not answer")
    PROMETHEUS_PARTIAL = "prometheus_partial", _("Prometheus answers only in part")
    CLOCKS = "clocks", _("Remosa's clock is behind that of Prometheus")
    REFUSED = "refused", _("Prometheus refuses the question")
    TOO_SLOW = "too_slow", _("What the platform's jobs ask takes Prometheus too long")
    EXPORTER_DISABLED = "exporter_disabled", _("The exporter is switched off")
    NO_PROCESS = "no_process", _("No exporter process has announced itself")
    NOT_SCRAPED = "not_scraped", _("Prometheus does not ask the exporter process yet")
    PROCESS_DOWN = "process_down", _("The exporter process does not answer")
    NOT_POLLED = "not_polled", _("Not polled yet")
    SOURCE_DOWN = "source_down", _("The vendor does not answer")
    SOURCE_STALE = "source_stale", _("The vendor has not answered for several polls")
    TOO_FEW = "too_few", _("The vendor tells of too few of the players that it told of before")
    CONTRADICTION = "contradiction", _("Two exporter processes contradict each other")
    NO_SAMPLE = "no_sample", _("Nothing is known of this player")


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Join conditions that all have to hold; of none nothing is known."""
    said = set(verdicts)
    if Verdict.FALSE in said:
        return Verdict.FALSE
    return Verdict.TRUE if said == {Verdict.TRUE} else Verdict.UNKNOWN


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Join conditions of which one has to hold; of none nothing is known."""
    said = set(verdicts)
    if Verdict.TRUE in said:
        return Verdict.TRUE
    return Verdict.FALSE if said == {Verdict.FALSE} else Verdict.UNKNOWN
