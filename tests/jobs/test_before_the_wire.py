"""What was decided must still hold when the command is to go out; Prometheus has the last word."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from devices import gates
from devices.models import Binding, Command, Device, PowerOutage
from devices.states import Event
from exporters import enrolment
from exporters.models import Exporter, Player
from jobs import approvals, catalogue, evidence
from jobs.conditions import Condition, Function, Operator
from jobs.models import (
    Clock,
    Criterion,
    Episode,
    Job,
    JobExecution,
    JobPause,
    MaintenanceWindow,
    Mode,
    Track,
)
from jobs.questions import Asked
from jobs.verdicts import Verdict, Why
from jobs.watching import Watch
from platforms.audit import SYSTEM
from platforms.models import Platform, User
from tests import factories
from tests.devices import world as sockets
from tests.exporters.watched_world import STATUS, World
from tests.jobs.acting_world import DAY, OFFLINE, Fleet, make_fleet, make_job
from tests.jobs.evaluated_world import source_lines, status_lines, wait_until

pytestmark = pytest.mark.django_db


def commanded(platform: Platform) -> Fleet:
    """Make twelve players of this moment, the first of which was commanded just now."""
    fleet = make_fleet(platform, 12, 2)
    Player.objects.update(last_seen=timezone.now())
    fleet.tick(timezone.now())
    fleet.fire(fleet.players[0])
    assert fleet.act() == 1
    return fleet


@pytest.fixture
def fleet(platform_a: Platform) -> Fleet:
    return commanded(platform_a)


def say(world: World, fleet: Fleet, first: object = 0, up: int = 1, others: int = 11) -> None:
    """Let the exporter tell of the first player, and of so many others that they are online."""
    told: list[tuple[Player, object]] = [(each, 1) for each in fleet.players[1 : 1 + others]]
    told += [] if first is None else [(fleet.players[0], first)]
    world.say([*source_lines(fleet.exporter, up), *status_lines(told)])


def shut(fleet: Fleet) -> str:
    """Return why the command does not go out now."""
    found = gates.first_shut(Command.objects.get(by_job=True), timezone.now())
    return "" if found is None else f"{found.name}: {found.why}"


def test_it_goes_out_while_prometheus_says_that_the_player_is_bad(
    world: World, fleet: Fleet
) -> None:
    say(world, fleet)
    assert shut(fleet) == ""


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"first": 1}, "job: The player is well again."),
        ({"first": None}, "Nothing is known of this player"),
        ({"first": 0.5}, "Nothing is known of this player"),
        ({"up": 0}, "The vendor does not answer"),
        ({"others": 7}, "The vendor tells of too few of the players that it told of before"),
    ],
)
def test_it_does_not_go_out_without_a_proof_of_this_moment(
    world: World, fleet: Fleet, told: dict[str, Any], why: str
) -> None:
    say(world, fleet, **told)
    assert why in shut(fleet)


def test_it_does_not_go_out_when_a_sample_that_no_slot_saw_was_good(
    world: World, fleet: Fleet
) -> None:
    """It flaps, and whoever looked twice found it offline."""
    for told in (0, 1, 0):
        say(world, fleet, told)
    assert "job: The player was well in between" in shut(fleet)
    # What was before its run, or earlier than the job looks, speaks against nobody.
    Clock.objects.update(at=timezone.now())
    Track.objects.filter(bad=True).update(run_from=10 * DAY)
    assert shut(fleet) == ""


@pytest.mark.parametrize(("function", "threshold"), [("max", 1.0), ("avg", 0.9), ("changes", 3.0)])
def test_it_does_not_go_out_when_a_window_holds_values_that_there_are_not(
    world: World, fleet: Fleet, function: str, threshold: float
) -> None:
    """Neither online nor offline is not known, also where an average hides it."""
    held = {"metric": "device_status", "function": function, "window": 300, "operator": "<",
            "threshold": threshold}  # fmt: skip
    Criterion.objects.update(definition={"joined": "all", "conditions": [held]})
    say(world, fleet, 0)
    assert shut(fleet) == ""
    say(world, fleet, 0.5)
    say(world, fleet, 0)
    assert "Nothing is known of this player" in shut(fleet)


def test_of_conditions_that_come_together_by_any_all_have_to_be_good_at_once(
    world: World, fleet: Fleet
) -> None:
    """Here the other one holds while nothing is known of it: that is no proof that it was well."""
    held = {"metric": "device_status", "function": "max", "window": 300, "operator": "<",
            "threshold": 2.0}  # fmt: skip
    definition = {"joined": "any", "conditions": [*OFFLINE["conditions"], held]}
    Criterion.objects.update(definition=definition)
    for told in (0, 1, 0):
        say(world, fleet, told)
    assert shut(fleet) == ""


@pytest.mark.parametrize(("second", "was_well"), [(20.0, False), (21.0, True)])
def test_what_one_scrape_brings_is_taken_in_together(second: float, was_well: bool) -> None:
    """Offline and playing, then online and paused: at no moment was it well."""
    offline, paused = (
        Asked(Condition(name, Function.LAST, 0, Operator.EQUAL, 0.0), catalogue.metrics()[name])
        for name in ("device_status", "remosa_exporter_addreality_player_status")
    )
    told = {
        offline.metric.name: [(10.0, 0.0), (20.0, 1.0)],
        paused.metric.name: [(10.0, 1.0), (second, 0.0)],
    }
    watch = Watch(1, 1, (offline, paused), "any")
    assert evidence._was_well(watch, watch.asked, told) is was_well


@pytest.mark.parametrize(("text", "why"), [("== 0", ""), ("== 1", "The player is well again.")])
def test_what_superadmins_wrote_in_promql_is_asked_as_well(
    world: World, fleet: Fleet, text: str, why: str
) -> None:
    definition = {"raw": f'{STATUS}{{platform_id="$platform"}} {text}'}
    Criterion.objects.update(definition=definition)
    say(world, fleet)
    found = shut(fleet)
    assert why in found
    assert bool(why) is bool(found)


def test_it_does_not_go_out_by_what_was_true_when_our_clock_was_right(
    world: World, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours is behind: asked for its `now`, Prometheus tells of a player that came back since."""
    say(world, fleet)
    behind = timezone.now()
    say(world, fleet, 1)
    assert fleet.job.criterion is not None
    proof = evidence.prove(fleet.job.criterion, fleet.players[0], behind)
    assert proof.verdict is Verdict.TRUE
    monkeypatch.setattr(evidence, "BEHIND", 0.1)
    proof = evidence.prove(fleet.job.criterion, fleet.players[0], behind)
    assert proof == evidence.Proof(Verdict.UNKNOWN, Why.CLOCKS)


def test_it_does_not_go_out_while_the_process_is_down(world: World, fleet: Fleet) -> None:
    say(world, fleet)
    page = world.target.text  # type: ignore[attr-defined]
    world.target.text = "{"  # type: ignore[attr-defined]
    wait_until(world, 'up{kind="cubic"}', 0)
    assert "The exporter process does not answer" in shut(fleet)
    world.target.text = page  # type: ignore[attr-defined]


def test_it_does_not_go_out_while_prometheus_is_away(fleet: Fleet, settings: Settings) -> None:
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    assert "Prometheus does not answer" in shut(fleet)


def test_the_players_of_others_prove_nothing(
    world: World, fleet: Fleet, exporter_b: Exporter
) -> None:
    """Another platform has a player of the same address, which is offline."""
    other = factories.make_player(exporter_b, mac=fleet.players[0].identity)
    told = [(player, 1) for player in fleet.players]
    lines = [*source_lines(fleet.exporter), *source_lines(exporter_b)]
    world.say([*lines, *status_lines([*told, (other, 0)])])
    assert "The player is well again." in shut(fleet)


def _pause(fleet: Fleet) -> None:
    JobPause.objects.create(
        platform=fleet.platform, job=fleet.job, reason="new panels", author_name="Mona"
    )


def _window(fleet: Fleet) -> None:
    begins, ends = fleet.now - timedelta(hours=1), fleet.now + timedelta(hours=1)
    MaintenanceWindow.objects.create(
        platform=fleet.platform, name="night work", starts_at=begins, ends_at=ends
    )


def _neighbour(fleet: Fleet) -> None:
    fleet.hang(fleet.players[5], fleet.sockets[fleet.players[0].pk])


def _moved(fleet: Fleet) -> None:
    line = fleet.sockets[fleet.players[1].pk].lines.get(number=1)
    Binding.objects.filter(player=fleet.players[1]).update(ended_at=fleet.now)
    Binding.objects.filter(player=fleet.players[0]).update(line=line)


def _mains_back(fleet: Fleet) -> None:
    PowerOutage.objects.create(
        platform=fleet.platform,
        device=fleet.sockets[fleet.players[0].pk],
        began=fleet.now - timedelta(minutes=5),
        ended=fleet.now - timedelta(seconds=5),
    )


SHUT: dict[str, tuple[str, Callable[[Fleet], object]]] = {
    "closed": ("The episode is over.", lambda fleet: Episode.objects.update(
        closed=True, closed_at=fleet.now, ending="recovered")),
    "acknowledged": ("Somebody took this over", lambda fleet: Episode.objects.update(
        acknowledged_at=fleet.now)),
    "back to the shadow": ("does not act by itself", lambda fleet: Job.objects.update(
        mode=Mode.SHADOW)),
    "approval is asked for now": ("does not act by itself", lambda fleet: Job.objects.update(
        mode=Mode.APPROVE)),
    "disabled": ("(disabled)", lambda fleet: Job.objects.update(enabled=False)),
    "removed": ("(removed)", lambda fleet: Job.objects.update(removed_at=fleet.now)),
    "changed": ("(version)", lambda fleet: Job.objects.update(version=2)),
    "paused": ("Paused (job)", _pause),
    "maintenance": ("Maintenance", _window),
    "it recovers": ("(recovering)", lambda fleet: Episode.objects.update(
        recovering_since=fleet.now)),
    "nobody evaluates": ("(not_evaluated)", lambda fleet: Clock.objects.update(
        at=fleet.now - timedelta(minutes=5))),
    "the source is unknown": ("(unknown)", lambda fleet: Clock.objects.update(known=False)),
    "the brake": ("(too_many)", lambda fleet: Track.objects.filter(
        player__in=fleet.players[1:4]).update(bad=True, run_from=10 * 86400.0 - 60)),
    "no line": ("hangs on no line", lambda fleet: Binding.objects.update(ended_at=fleet.now)),
    "another line": ("hangs on no line", _moved),
    "no mains": ("(lost)", lambda fleet: Device.objects.update(mains_lost_at=fleet.now)),
    "the mains are back": ("(starting)", _mains_back),
    "a healthy neighbour": ("not known to be bad", _neighbour),
}  # fmt: skip


@pytest.mark.parametrize("name", SHUT)
def test_it_does_not_go_out_when_something_changed_since_it_was_decided(
    fleet: Fleet, settings: Settings, name: str
) -> None:
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"  # nobody gets as far as that
    why, change = SHUT[name]
    change(fleet)
    assert why in shut(fleet)


def test_what_was_approved_goes_out(world: World, platform_a: Platform, mona: User) -> None:
    fleet = make_fleet(platform_a, 12, 1, mode=Mode.APPROVE)
    fleet.tick(timezone.now())
    fleet.fire(fleet.players[0])
    fleet.act()
    approvals.approve(JobExecution.objects.get(), sockets.sender(mona), fleet.now)
    assert fleet.act() == 1
    say(world, fleet)
    assert shut(fleet) == ""


def test_a_schedule_asks_for_no_proof_that_the_player_is_bad(
    platform_a: Platform, settings: Settings
) -> None:
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    fleet = make_fleet(platform_a, 3, 1)
    fleet.tick(timezone.now())
    fleet.fire(fleet.players[0], job=make_job(platform_a, None))
    fleet.see(fleet.players[0], bad=False)
    assert fleet.act() == 1
    assert shut(fleet) == ""


def test_commands_of_nobodys_attempt_are_not_asked_about(platform_a: Platform) -> None:
    command = sockets.give(sockets.make_socket(platform_a), "status")
    assert command.by_job
    assert gates.first_shut(command, sockets.NOON) is None


def test_a_command_whose_attempt_was_deleted_does_not_go_out(fleet: Fleet) -> None:
    """Its exporter was deleted between the decision and the wire."""
    enrolment.discard(fleet.exporter, SYSTEM)
    connection.check_constraints()
    assert not JobExecution.objects.exists()
    assert "Its attempt was deleted." in shut(fleet)


def test_what_a_guard_refused_is_tried_again_by_a_new_attempt(fleet: Fleet) -> None:
    """The command ends as `cancelled`, by a check: no person took it back."""
    command = Command.objects.get()
    command.steps.create(
        platform=fleet.platform, at=fleet.now, event=Event.REFUSE.value, state="cancelled"
    )
    Command.objects.update(closed=True, state="cancelled")
    command.lines.update(closed=True)
    JobExecution.objects.update(standing="over", outcome="cancelled", finished_at=fleet.now)
    assert fleet.act(0.5) == 0
    assert fleet.act(0.5) == 1
    assert [each.rung for each in JobExecution.objects.all()] == [0, 0]
