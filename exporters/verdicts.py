"""What is to be said of one player: its state, and where it is unknown, why and what to do.

Pure: no query, no clock. Unknown is never Offline: only a sample that is 0 now says Offline.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .kinds.shape import Reason

NOTHING: Mapping[str, str] = MappingProxyType({})


class State(TextChoices):
    """What a person reads about a player."""

    ONLINE = "online", _("Online")
    OFFLINE = "offline", _("Offline")
    UNKNOWN = "unknown", _("Unknown")


class Why(TextChoices):
    """Why a state is unknown, from the outermost cause to the innermost."""

    PROMETHEUS_AWAY = "prometheus_away", _("Prometheus does not answer")
    PROMETHEUS_PARTIAL = "prometheus_partial", _("Prometheus answers only in part")
    PLATFORM_INACTIVE = "platform_inactive", _("The platform is switched off")
    EXPORTER_DISABLED = "exporter_disabled", _("The exporter is switched off")
    CONTRADICTION = "contradiction", _("Two exporter processes contradict each other")
    ODD_SAMPLE = "odd_sample", _("Prometheus holds neither 0 nor 1")
    NOT_FOUND = "not_found", _("The vendor does not know this player")
    NOT_LISTED = "not_listed", _("The vendor no longer lists this player")
    DUPLICATE = "duplicate", _("The vendor knows this player more than once")
    ODD_ANSWER = "odd_answer", _("The vendor's answer cannot be understood")
    NO_ANSWER = "no_answer", _("The vendor did not answer about this player")
    SOURCE_DOWN = "source_down", _("The vendor does not answer")
    NO_PROCESS = "no_process", _("No exporter process has announced itself")
    NOT_SCRAPED = "not_scraped", _("Prometheus does not ask the exporter process yet")
    PROCESS_DOWN = "process_down", _("The exporter process does not answer")
    NOT_POLLED = "not_polled", _("Not polled yet")
    STALE = "stale", _("The last answer is too old")


REMEDIES: Mapping[Why, Promise] = {
    Why.PROMETHEUS_AWAY: _(
        "Nothing is known while it is away; the states return with it. "
        "A superadmin sees the fault on the page Prometheus."
    ),
    Why.PROMETHEUS_PARTIAL: _(
        "A part of an answer proves nothing, so no state is shown. "
        "A superadmin sees the warning on the page Prometheus."
    ),
    Why.PLATFORM_INACTIVE: _("Nothing of it is polled until a superadmin makes it active again."),
    Why.EXPORTER_DISABLED: _("Enable the exporter to have its players polled again."),
    Why.CONTRADICTION: _(
        "One says online, the other offline. Make sure that one process alone polls this exporter."
    ),
    Why.ODD_SAMPLE: _("Something else writes into this series. Look at the samples below."),
    Why.NOT_FOUND: _("Compare the MAC with the vendor's panel, or add the player there."),
    Why.NOT_LISTED: _("It is taken from the list here after an hour, and keeps its history."),
    Why.DUPLICATE: _("Remove the surplus entries in the vendor's panel."),
    Why.ODD_ANSWER: _(
        "It is asked again with every poll. If this stays, show the code to the vendor."
    ),
    Why.NO_ANSWER: _(
        "Other players were answered. It is asked again with every poll; "
        "if this stays, show the code to the vendor."
    ),
    Why.SOURCE_DOWN: _(
        "Less than half of the last answers could be used. The states return with the vendor; "
        "nothing is to be done on the players."
    ),
    Why.NO_PROCESS: _(
        "Start the exporter of this kind with a token of a superadmin; "
        "it announces itself within a minute."
    ),
    Why.NOT_SCRAPED: _(
        "A new process is found within a minute or two. If this stays, a superadmin adds "
        "Remosa's service discovery to Prometheus."
    ),
    Why.PROCESS_DOWN: _("Start it again, or look at its log on the machine where it runs."),
    Why.NOT_POLLED: _("A new player is asked for within a minute or two."),
    Why.STALE: _("The vendor has not answered about this player for several polls."),
}

_OF_EXPORTER: Mapping[str, Why] = {
    Reason.NOT_FOUND: Why.NOT_FOUND,
    Reason.DUPLICATE: Why.DUPLICATE,
    Reason.STALE: Why.STALE,
    **dict.fromkeys(
        (Reason.ODD_STATUS, Reason.MALFORMED, Reason.TOO_LARGE, Reason.REDIRECT, Reason.HTTP_2XX),
        Why.ODD_ANSWER,
    ),
}


@dataclass(frozen=True, slots=True)
class Observation:
    """What Prometheus holds of one player now. ``reasons`` are the exporter's own words."""

    statuses: frozenset[float] = frozenset()
    reasons: tuple[str, ...] = ()
    info: Mapping[str, str] = field(default_factory=lambda: NOTHING)


class Process(TextChoices):
    """How the process stands that should poll an exporter."""

    MISSING = "missing"
    NOT_SCRAPED = "not_scraped"
    DOWN = "down"
    UP = "up"


@dataclass(frozen=True, slots=True)
class Source:
    """How the vendor of one exporter stands: ``up`` is None while nothing is known of it."""

    process: Process
    up: bool | None = None
    last_success: datetime | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state; unknown ones have a reason, and ``code`` where the exporter gave a word for it."""

    state: State
    why: Why | None = None
    code: str = ""

    @property
    def remedy(self) -> Promise | str:
        """Return what to do about it, empty for a known state."""
        return REMEDIES[self.why] if self.why else ""


def unknown(why: Why, code: str = "") -> Verdict:
    """Return an unknown state with its reason."""
    return Verdict(State.UNKNOWN, why, code)


def trouble(source: Source) -> Why | None:
    """Tell what keeps an exporter from answering; None for a source that is up."""
    # What a process said that answers no more may still be held by Prometheus.
    if source.up is not None and source.process is not Process.DOWN:
        return None if source.up else Why.SOURCE_DOWN
    return {
        Process.MISSING: Why.NO_PROCESS,
        Process.DOWN: Why.PROCESS_DOWN,
        Process.NOT_SCRAPED: Why.NOT_SCRAPED,
        Process.UP: Why.NOT_POLLED,
    }[source.process]


def judge(seen: Observation, source: Source, was_seen: bool) -> Verdict:
    """Decide the state of a player that is to be polled, from a full answer of Prometheus."""
    if len(seen.statuses) > 1:
        return unknown(Why.CONTRADICTION)
    for value in seen.statuses:
        if value not in (0.0, 1.0):
            return unknown(Why.ODD_SAMPLE, f"{value:g}")
        return Verdict(State.ONLINE if value else State.OFFLINE)
    if seen.reasons:
        code = seen.reasons[0]
        return unknown(_OF_EXPORTER.get(code, Why.NO_ANSWER), code)
    why = trouble(source)
    if why is not None:
        return unknown(why)
    return unknown(Why.STALE if was_seen or seen.info else Why.NOT_POLLED)
