"""The proof of the proof: with a bug planted in acting, a named test of it turns red."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from devices import gates as gates_of_devices
from jobs import admission, attempts, brake, braking, course, evidence, gates, traffic
from jobs.evidence import Proof
from jobs.gate_names import Gate
from jobs.models import Job, Mode
from jobs.verdicts import Verdict
from platforms.models import Platform
from tests.jobs import (
    test_acting,
    test_approvals,
    test_before_the_wire as test_guard,
    test_braking,
    test_shadow_acts_as_live as test_shadow,
)
from tests.jobs.acting_world import Fleet, make_fleet

pytestmark = pytest.mark.django_db

Plant = Callable[[pytest.MonkeyPatch], None]
Proven = Callable[[Platform, pytest.FixtureRequest], None]


def opened(patch: pytest.MonkeyPatch, gate: Gate) -> None:
    """Leave a gate open, whatever stands against it."""
    through = gates._Said(True, {"code": "planted"})
    looks = [(each, (lambda _s: through) if each is gate else look) for each, look in gates._GATES]
    patch.setattr(gates, "_GATES", looks)


#: One way in which each gate is shut alone, by its name in the table of the tests.
SHUT_BY: dict[Gate, str] = {
    gate: next(name for name, (shut, *_rest) in test_acting.SHUT.items() if shut == gate.value)
    for gate in Gate
    if gate not in (Gate.ACKNOWLEDGED, Gate.APPROVAL, Gate.BRAKE, Gate.RATE, Gate.REFUSED)
}


@pytest.mark.parametrize("gate", SHUT_BY)
def test_a_gate_that_is_skipped_turns_its_test_red(
    platform_a: Platform, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(monkeypatch, gate)
    # Of two gates nothing is left to be sent: attempts refuse that by themselves.
    with pytest.raises((AssertionError, TypeError, ValueError)):
        test_acting.test_each_gate_alone_keeps_the_command_back_and_says_so(
            small(platform_a), SHUT_BY[gate]
        )


def brake_off(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(brake, "shut", lambda *_given: None)


def whoever_is_bad_for_weeks(patch: pytest.MonkeyPatch) -> None:
    opened(patch, Gate.BRAKE)


def no_rate(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(traffic, "limits", lambda: admission.Limits(99, 99, 99, 99))


def no_canary(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(traffic, "limits", lambda: admission.Limits(together=99))


def any_canary(patch: pytest.MonkeyPatch) -> None:
    """Let the others go once the first is over, whether it helped or not."""
    attempts_of = traffic._attempts

    def helped(*given: Any) -> list[admission.Attempt]:
        return [replace(each, verified=not each.in_flight) for each in attempts_of(*given)]

    patch.setattr(traffic, "_attempts", helped)


def in_remediation_is_healthy(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(braking, "in_remediation", lambda platform_id, now: set())


def unknown_is_healthy(patch: pytest.MonkeyPatch) -> None:
    sources = braking._sources

    def known(*given: Any) -> braking._Sources:
        found = sources(*given)
        return braking._Sources([*found.known, *found.silent], [])

    patch.setattr(braking, "_sources", known)


def a_shadow_stops_all(patch: pytest.MonkeyPatch) -> None:
    def criteria_of(platform_id: int) -> frozenset[int]:
        rows = Job.objects.filter(platform=platform_id, criterion__isnull=False)
        return frozenset(rows.values_list("criterion", flat=True))

    patch.setattr(braking, "criteria_of", criteria_of)


def a_new_episode_forgets_the_cooldown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(course, "last_ends", lambda *_given: {})


def a_shadow_forgets_the_cooldown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(course, "_in_shadow", lambda _episodes: set())


def a_shadow_forgets_its_places(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(traffic, "_own_attempts", lambda *_given: defaultdict(list))


def a_shadow_forgets_who_fires(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(traffic, "_own_firing", lambda *_given: defaultdict(list))


def shadows_share_their_places(patch: pytest.MonkeyPatch) -> None:
    """Count what other jobs in the shadow would have done as well."""
    own = traffic._own_attempts

    def of_all(_jobs: Any, *given: Any) -> Any:
        jobs = set(Job.objects.filter(mode=Mode.SHADOW).values_list("pk", flat=True))
        together = [each for found in own(jobs, *given).values() for each in found]
        return dict.fromkeys(jobs, together)

    patch.setattr(traffic, "_own_attempts", of_all)


def shadows_take_places(patch: pytest.MonkeyPatch) -> None:
    """Count what was only recorded among what was done."""
    attempts_of, own = traffic._attempts, traffic._own_attempts

    def of_all(platform_id: int, oldest: Any, now: Any) -> list[admission.Attempt]:
        jobs = set(Job.objects.filter(mode=Mode.SHADOW).values_list("pk", flat=True))
        recorded = [each for found in own(jobs, oldest, now).values() for each in found]
        return [*attempts_of(platform_id, oldest, now), *recorded]

    patch.setattr(traffic, "_attempts", of_all)


def nobody_is_asked(patch: pytest.MonkeyPatch) -> None:
    opened(patch, Gate.APPROVAL)


def the_ladder_goes_on(patch: pytest.MonkeyPatch) -> None:
    """Acknowledging stops nothing that is on its way, and no next attempt."""
    opened(patch, Gate.ACKNOWLEDGED)


def the_shadow_acts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(attempts, "record_shadow", attempts.command)


def no_guard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gates_of_devices, "of_jobs", {})


def unknown_is_a_proof(patch: pytest.MonkeyPatch) -> None:
    prove = evidence.prove

    def proven(*given: Any) -> Proof:
        found = prove(*given)
        return Proof(Verdict.TRUE) if found.verdict is Verdict.UNKNOWN else found

    patch.setattr(evidence, "prove", proven)


def sources_are_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(evidence, "_source_is_shut", lambda *_given: None)


def slots_see_all(patch: pytest.MonkeyPatch) -> None:
    """Ask of nothing but this moment, as slots do."""
    patch.setattr(evidence, "_was_well", lambda *_given: False)


def _shut(name: str) -> Proven:
    """Prove by a line of the table of gates."""
    test = test_acting.test_each_gate_alone_keeps_the_command_back_and_says_so
    return lambda p, r: test(small(p), name)


def small(platform: Platform) -> Fleet:
    return make_fleet(platform, 12, 2)


def large(platform: Platform) -> Fleet:
    return make_fleet(platform, 60, 6)


def _changed(name: str) -> Proven:
    """Prove by a line of the table of what changed since a command was given."""
    test = test_guard.test_it_does_not_go_out_when_something_changed_since_it_was_decided
    return lambda p, r: test(test_guard.commanded(p), r.getfixturevalue("settings"), name)


def _told(told: dict[str, Any], why: str) -> Proven:
    """Prove by a line of the table of what Prometheus says."""
    test = test_guard.test_it_does_not_go_out_without_a_proof_of_this_moment
    return lambda p, r: test(r.getfixturevalue("world"), test_guard.commanded(p), told, why)


def _lived(name: str) -> Proven:
    """Prove by a history that a job in the shadow lives as one that acts does."""
    test = test_shadow.test_a_job_in_the_shadow_does_what_it_would_do_live
    return lambda p, r: test(p, r.getfixturevalue("platform_b"), name)


PLANTED: dict[str, tuple[Plant, Proven]] = {
    "brake off": (brake_off, _shut("too many are unknown")),
    "whoever is bad for weeks": (whoever_is_bad_for_weeks, _shut("bad for weeks")),
    "no rate": (no_rate, lambda p, r: test_acting.test_no_more_than_ten_an_hour(
        large(p), r.getfixturevalue("settings"))),
    "no canary": (no_canary, lambda p, r: (
        test_acting.test_of_many_that_fire_together_one_goes_and_the_others_once_it_is_verified(
            large(p)))),
    "any canary will do": (any_canary, lambda p, r: (
        test_acting.test_after_a_canary_that_did_not_help_the_next_one_goes_alone(large(p)))),
    "in remediation is healthy": (in_remediation_is_healthy, lambda p, r: (
        test_braking.test_whoever_is_being_restarted_counts_until_the_cooldown_is_over(
            make_fleet(p, 12, 1)))),
    "unknown is healthy": (unknown_is_healthy, lambda p, r: (
        test_braking.test_a_source_that_is_not_known_makes_all_its_players_bad(
            make_fleet(p, 12, 1)))),
    "a shadow stops all": (a_shadow_stops_all, lambda p, r: (
        test_approvals.test_nonsense_in_the_shadow_stops_itself_and_nobody_else(p))),
    "a new episode forgets the cooldown": (
        a_new_episode_forgets_the_cooldown, _shut("an attempt in an earlier episode")),
    "a shadow forgets the cooldown": (
        a_shadow_forgets_the_cooldown, _lived("one player four times in 28 minutes")),
    "a shadow forgets its places": (
        a_shadow_forgets_its_places, _lived("fifteen players in 45 minutes")),
    "a shadow forgets who fires": (
        a_shadow_forgets_who_fires, _lived("six together that stay bad")),
    "shadows share their places": (shadows_share_their_places, lambda p, r: (
        test_shadow.test_what_is_recorded_takes_no_place_of_another_job(p))),
    "shadows take places": (shadows_take_places, lambda p, r: (
        test_shadow.test_what_is_recorded_takes_no_place_of_another_job(p))),
    "nobody is asked": (nobody_is_asked, lambda p, r: (
        test_approvals.test_a_proposal_ends_with_its_episode(
            make_fleet(p, 30, 2, mode=Mode.APPROVE)))),
    "the shadow acts": (the_shadow_acts, lambda p, r: (
        test_approvals.test_a_shadow_takes_no_place_of_those_that_act(
            make_fleet(p, 30, 2, mode=Mode.SHADOW)))),
    "the ladder goes on": (the_ladder_goes_on, _changed("acknowledged")),
    "no guard": (no_guard, _changed("disabled")),
    "unknown is a proof": (unknown_is_a_proof, _told({"first": None}, "Nothing is known")),
    "slots see all": (slots_see_all, lambda p, r: (
        test_guard.test_it_does_not_go_out_when_a_sample_that_no_slot_saw_was_good(
            r.getfixturevalue("world"), test_guard.commanded(p)))),
    "sources are believed": (
        sources_are_believed, _told({"others": 7}, "The vendor tells of too few")),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_turns_its_test_red(
    platform_a: Platform,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    plant, proof = PLANTED[name]
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        proof(platform_a, request)
