"""Which of the players that are due now may be acted on, and why the others wait. Pure.

All of one platform. Few at a time and few an hour, so that a mistake stays small; and where many
fire together, one is tried first (the canary) before the others go.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.utils.translation import gettext_lazy as _

from exporters.labelled import Labelled

HOUR: Final = timedelta(hours=1)


class Refusal(Labelled):
    """Why a player waits though its own gates are open."""

    SITE = "site", _("Another player of this site is being acted on")
    PLATFORM = "platform", _("As many players of the platform as allowed are being acted on")
    HOUR = "hour", _("The platform has had as many actions within an hour as allowed")
    CANARY = "canary", _("Many players fire together: one is tried first, and has to come back")


class Limits(NamedTuple):
    """How many at once; `together`: more of a domain than so many that fire need a canary."""

    at_site: int = 1
    at_once: int = 3
    an_hour: int = 10
    together: int = 3


@dataclass(frozen=True, slots=True)
class Case:
    """An open episode that fires. A player without a site (None) shares it with nobody."""

    episode: int
    player: int
    exporter: int
    site: int | None
    firing_since: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """An action that began, of the last hour, in flight, or as old as the oldest firing case.

    In flight: neither verified nor given up yet. `verified`: the player came back after it.
    """

    player: int
    exporter: int
    site: int | None
    begun_at: datetime
    in_flight: bool
    verified: bool = False


class Ruling(NamedTuple):
    """A case that may go (no refusal), or waits: for which limit, and how many there were.

    `until`: it ends then by itself; None: when what it waits for is over. `canary`: it goes first,
    and others wait for it.
    """

    case: Case
    refusal: Refusal | None = None
    found: int = 0
    limit: int = 0
    until: datetime | None = None
    canary: bool = False

    @property
    def admitted(self) -> bool:
        return self.refusal is None


_OfDomain = Callable[[Case | Attempt], bool]


def admit(
    due: Iterable[Case],
    firing: Collection[Case],
    attempts: Collection[Attempt],
    now: datetime,
    limits: Limits | None = None,
) -> list[Ruling]:
    """Rule on every case that is due, the one that has fired longest first.

    `firing` holds all open firing cases of the platform, those in flight, in cooldown and
    exhausted as well. Whoever is admitted counts as an attempt for those behind.
    """
    limits = limits or Limits()
    known, rulings = list(attempts), []
    listed = {each.episode for each in firing}
    refusals: dict[tuple[object, ...], Ruling] = {}
    for case in sorted(due, key=_turn):
        # Whoever fires anyway finds what the last one alike did, until one more is admitted: with
        # each counted anew, a schedule of thousands would take minutes.
        alike = (len(known), case.exporter, case.site, case.firing_since)
        refused = refusals.get(alike) if case.episode in listed else None
        if refused is None:
            refused = next(_refusals(case, firing, known, now, limits), None)
            if refused is not None and case.episode in listed:
                refusals[alike] = refused
        if refused is not None:
            rulings.append(refused._replace(case=case))
            continue
        together = max(_together(case, each, firing, known) for each in _domains(case))
        rulings.append(Ruling(case, canary=together > limits.together))
        known.append(Attempt(case.player, case.exporter, case.site, now, in_flight=True))
    return rulings


def _turn(case: Case) -> tuple[datetime, int]:
    return case.firing_since, case.episode


def _refusals(
    case: Case,
    firing: Collection[Case],
    attempts: Collection[Attempt],
    now: datetime,
    limits: Limits,
) -> Iterator[Ruling]:
    flying = [each for each in attempts if each.in_flight]
    at_site = sum(each.site == case.site for each in flying) if case.site is not None else 0
    if at_site >= limits.at_site:
        yield Ruling(case, Refusal.SITE, at_site, limits.at_site)
    if len(flying) >= limits.at_once:
        yield Ruling(case, Refusal.PLATFORM, len(flying), limits.at_once)
    begun = sorted(each.begun_at for each in attempts if each.begun_at > now - HOUR)
    if len(begun) >= limits.an_hour:
        # The first of those that have to be over before there is room again.
        free = begun[len(begun) - limits.an_hour] + HOUR if limits.an_hour else None
        yield Ruling(case, Refusal.HOUR, len(begun), limits.an_hour, free)
    for of_domain in _domains(case):
        in_flight = any(of_domain(each) for each in flying)
        together = _together(case, of_domain, firing, attempts)
        if in_flight and together > limits.together:
            yield Ruling(case, Refusal.CANARY, together, limits.together)


def _domains(case: Case) -> tuple[_OfDomain, _OfDomain]:
    return (lambda each: each.exporter == case.exporter), (lambda _each: True)


def _together(
    case: Case, of_domain: _OfDomain, firing: Collection[Case], attempts: Collection[Attempt]
) -> int:
    """Return how many fire together in a domain, for this case; 0: it has had its canary.

    An action that was verified speaks for all that fired when it began. One that did not help
    speaks for nobody, so that the next one goes alone again.
    """
    tried = [each for each in attempts if of_domain(each)]
    spoken_for = max((each.begun_at for each in tried if each.verified), default=None)
    if spoken_for is not None and case.firing_since <= spoken_for:
        return 0
    # One in flight counts though its case may be closed: it came back, and is not verified yet.
    flying = {each.player: each.begun_at for each in tried if each.in_flight}
    since = {**flying, **_firing_since(each for each in (*firing, case) if of_domain(each))}
    return sum(spoken_for is None or began > spoken_for for began in since.values())


def _firing_since(cases: Iterable[Case]) -> Mapping[int, datetime]:
    """Return since when each player fires: the earliest of its cases."""
    since: dict[int, datetime] = {}
    for case in cases:
        since[case.player] = min(case.firing_since, since.get(case.player, case.firing_since))
    return since
