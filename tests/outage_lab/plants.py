"""Bugs to plant in the engine, by name, each with the scene in which the lab has to find it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from exporters import promql
from jobs import (
    acting,
    brake,
    braking,
    evidence,
    gates,
    ladder,
    proof,
    recall,
    settling,
    tracks,
    unrest,
)
from jobs.gate_names import Gate
from jobs.questions import Asked
from jobs.tracks import Clock
from jobs.verdicts import Verdict, Why

Patch = Callable[[Any, str, Any], None]


@dataclass(frozen=True)
class Plant:
    """A bug: `sow` puts it in, `scene` shows it, as a violation of `rule`."""

    sow: Callable[[Patch], None]
    scene: str
    rule: str


def unknown_is_offline(patch: Patch) -> None:
    """Take whoever nothing is known of for bad, wherever it is judged."""
    judge, seen = Asked.judge, recall.Recall.seen

    def judged(asked: Asked, values: Any, *, met: bool) -> Verdict:
        verdict = judge(asked, values, met=met)
        return Verdict.TRUE if verdict is Verdict.UNKNOWN else verdict

    def all_seen(self: Any, pair: Any) -> Any:
        for each in seen(self, pair):
            bad = each.verdict is not Verdict.FALSE
            yield each._replace(verdict=Verdict.TRUE if bad else Verdict.FALSE)

    patch(Asked, "judge", judged)
    patch(recall.Recall, "seen", all_seen)


def gap_counted(patch: Patch) -> None:
    """Count the time during which nothing was evaluated, however long it was."""
    advance = tracks.advance

    def moved(clock: Clock | None, slot: int, at: float, known: bool, why: Why | None) -> Clock:
        after = advance(clock, slot, at, known, why)
        if clock is None or not (known and clock.known):
            return after
        return replace(
            after, observed=clock.observed + at - clock.at, interval=at - clock.at,
            era=clock.era, known_since=clock.known_since,
        )  # fmt: skip

    patch(settling, "advance", moved)
    # The guard before the wire looks at every sample, and would let none of it through.
    patch(evidence, "_was_well", lambda *_given: False)


def brake_off(patch: Patch) -> None:
    patch(brake.Count, "too_many", property(lambda _count: False))


def brake_looks_late(patch: Patch) -> None:
    """Count only where an action is due: what was a minute ago is not known then."""
    patch(unrest, "platforms", lambda _now: set())


def in_remediation_is_healthy(patch: Patch) -> None:
    patch(braking, "in_remediation", lambda _platform_id, _now: set())


def no_tenant_matcher(patch: Patch) -> None:
    """Ask for everybody's series, whoever speaks."""
    patch(promql, "tenant_matcher", lambda _platform_ids: 'platform_id=~".+"')


def cooldown_ignored(patch: Patch) -> None:
    """Let the ladder go on as soon as an attempt is over."""
    after = ladder.after

    def at_once(rungs: Any, *given: Any) -> Any:
        return after(replace(rungs, cooldown=timedelta(0)), *given)

    patch(ladder, "after", at_once)


def acknowledging_stops_nothing(patch: Patch) -> None:
    """Leave the gate open, and go on looking at episodes that somebody took over."""
    through = gates._Said(True, {"code": "planted"})
    is_it = Gate.ACKNOWLEDGED
    looks = [(each, (lambda _s: through) if each is is_it else look) for each, look in gates._GATES]
    patch(gates, "_GATES", looks)
    due = acting._due

    def all_due(now: Any) -> Any:
        rows = due(now)
        kept = [each for each in rows.query.where.children if "acknowledged" not in str(each)]
        rows.query.where.children = kept
        return rows

    patch(acting, "_due", all_due)


def stale_sample_verified(patch: Patch) -> None:
    """Take a sample from before the player could have booted for a proof that it helped."""
    patch(proof.Trial, "booted", property(lambda trial: trial.acted))


PLANTS: Final = {
    "unknown_is_offline": Plant(unknown_is_offline, "another_tenant_speaks", "healthy"),
    "gap_counted": Plant(gap_counted, "blips_around_a_stop_of_ours", "hasty"),
    "brake_off": Plant(brake_off, "half_a_vendor_is_wrong", "healthy"),
    "brake_looks_late": Plant(brake_looks_late, "a_vendor_recovers_slowly", "healthy"),
    "in_remediation_is_healthy": Plant(in_remediation_is_healthy, "one_after_the_other", "crowded"),
    "no_tenant_matcher": Plant(no_tenant_matcher, "another_tenant_speaks", "healthy"),
    "cooldown_ignored": Plant(cooldown_ignored, "it_does_not_help", "too_soon"),
    "acknowledging_stops_nothing": Plant(
        acknowledging_stops_nothing, "somebody_takes_over", "taken_over"
    ),
    "stale_sample_verified": Plant(stale_sample_verified, "it_is_back_and_ends_again", "unproven"),
}
