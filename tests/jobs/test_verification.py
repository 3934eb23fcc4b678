"""Whether what a job did helped: by slots and samples from after the boot, and never by silence."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from pytest_django import Settings

from devices import story
from devices.models import Command
from devices.states import State
from jobs import episode_story, schedules, verification
from jobs.models import (
    Criterion,
    Ending,
    Episode,
    Job,
    JobExecution,
    Mode,
    Outcome,
    Standing,
    Trigger,
)
from jobs.tracks import SLOT
from platforms.models import Platform, User
from tests.devices import world
from tests.devices.samples import Sampled, minutes, sampled_prometheus
from tests.devices.world import NOON, Clock
from tests.jobs.acting_world import OFFLINE, Fleet, make_fleet, make_job

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture
def sampled(settings: Settings) -> Iterator[Sampled]:
    with sampled_prometheus(Clock()) as server:
        settings.PROMETHEUS_URL = server.url
        yield server


@pytest.fixture
def fleet(platform_a: Platform) -> Fleet:
    """One of ten players was acted on at noon: its command went out, and was accepted."""
    fleet = make_fleet(platform_a, 10)
    fleet.fire(fleet.players[0])
    assert fleet.act() == 1
    reach(State.ACCEPTED)
    return fleet


def reach(state: State, *, closed: bool = False, minutes_ago: float = 1) -> None:
    """Let the road bring the command somewhere; the restart lasts a minute from here."""
    Command.objects.update(
        state=state.value, closed=closed, wire_at=NOON - minutes(minutes_ago), reason="The road."
    )


def after(
    fleet: Fleet,
    sampled: Sampled,
    number: float,
    *,
    bad: bool | None = None,
    since_slot: int | None = None,
) -> JobExecution:
    """Evaluate and verify so many minutes after the power was back."""
    fleet.tick(NOON + minutes(number))
    if bad is not None:
        fleet.see(fleet.players[0], bad=bad, since_slot=since_slot or fleet.slot)
    sampled.clock.now = fleet.now
    cache.clear()
    verification.verify(fleet.now)
    return JobExecution.objects.get()


def test_what_a_changed_job_asks_now_says_nothing_of_an_earlier_attempt(
    fleet: Fleet, sampled: Sampled
) -> None:
    sampled.say(fleet.players[0], 1, 100, 900)
    other = {**OFFLINE, "joined": "any"}
    row = Criterion.objects.create(platform=fleet.platform, digest="2" * 64, definition=other)
    fleet.job.criterion = row
    fleet.job.save()
    for number in (4, 5, 6, 7):
        assert after(fleet, sampled, number, bad=False, since_slot=slot(4)).well_since is None
    assert after(fleet, sampled, 30).outcome == Outcome.ANSWERED


def slot(number: float) -> int:
    return int((NOON + minutes(number)).timestamp()) // SLOT


def test_a_player_that_stays_well_after_its_boot_was_helped(fleet: Fleet, sampled: Sampled) -> None:
    sampled.say(fleet.players[0], 1, 100, 900)
    first = after(fleet, sampled, 4, bad=False)
    assert (first.standing, first.well_since) == (Standing.COMMANDED, NOON + minutes(4))

    second = after(fleet, sampled, 5)
    assert second.standing == Standing.COMMANDED  # well, but not yet for two minutes

    third = after(fleet, sampled, 6)
    assert (third.standing, third.outcome) == (Standing.OVER, Outcome.VERIFIED)
    assert Command.objects.get().state == State.VERIFIED.value
    assert third.finished_at == fleet.now


def test_what_came_of_it_is_told_in_the_language_of_the_reader(
    fleet: Fleet, sampled: Sampled
) -> None:
    test_a_player_that_stays_well_after_its_boot_was_helped(fleet, sampled)
    reason = Command.objects.get().reason
    assert story.words_of(reason) == "The job's conditions do not hold any more."
    with translation.override("ru"):
        assert story.words_of(reason) == "Условия задания больше не выполнены."


@pytest.mark.parametrize(
    ("state", "standing"),
    [
        (State.ACCEPTED, Standing.OVER),
        (State.QUEUED, Standing.COMMANDED),
        (State.UNKNOWN, Standing.COMMANDED),
    ],
)
def test_the_message_that_gives_the_power_back_is_waited_for_until_it_went_out(
    fleet: Fleet, sampled: Sampled, state: State, standing: Standing
) -> None:
    reach(State.VERIFIED, closed=True)
    behind = Command.objects.get()
    behind.head_id = behind.previous_id = behind.pk
    behind.pk, behind.key, behind.secret_context, behind.effect = None, uuid4(), uuid4(), "on"
    behind.state, behind.closed, behind.watched = state.value, False, False
    behind.save(force_insert=True)
    row = after(fleet, sampled, 6, bad=False)
    assert row.standing == standing


def test_who_is_well_by_samples_from_before_its_boot_waits(fleet: Fleet, sampled: Sampled) -> None:
    sampled.say(fleet.players[0], 1, 0, 170)
    for number in (3.2, 5, 7):
        row = after(fleet, sampled, number, bad=False, since_slot=slot(1))
        assert (row.standing, row.well_since) == (Standing.COMMANDED, None)


def test_who_is_bad_in_spite_of_its_time_was_not_helped(fleet: Fleet, sampled: Sampled) -> None:
    sampled.say(fleet.players[0], 0, 0, 900)
    assert after(fleet, sampled, 9, bad=True).standing == Standing.COMMANDED
    row = after(fleet, sampled, 11, bad=True, since_slot=slot(-60))
    assert (row.standing, row.outcome) == (Standing.OVER, Outcome.INEFFECTIVE)
    assert Episode.objects.get().closed is False  # the next rung is acting's


def test_silence_is_no_verdict_and_ends_without_one(fleet: Fleet, sampled: Sampled) -> None:
    for number in (6, 12, 19):
        row = after(fleet, sampled, number, bad=False, since_slot=slot(2))
        assert row.standing == Standing.COMMANDED
    row = after(fleet, sampled, 21)
    assert (row.standing, row.outcome) == (Standing.OVER, Outcome.ANSWERED)
    assert Command.objects.get().state == State.ACCEPTED.value


def test_a_source_that_went_away_in_between_begins_the_count_anew(
    fleet: Fleet, sampled: Sampled
) -> None:
    sampled.say(fleet.players[0], 1, 100, 900)
    after(fleet, sampled, 4, bad=False)
    fleet.tick(NOON + minutes(6), known_since=slot(5.5))
    sampled.clock.now = fleet.now
    verification.verify(fleet.now)
    row = JobExecution.objects.get()
    assert (row.standing, row.well_since) == (Standing.COMMANDED, NOON + minutes(6))


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (State.CANCELLED, Outcome.CANCELLED),
        (State.EXPIRED, Outcome.EXPIRED),
        (State.FAILED, Outcome.FAILED),
        (State.NOT_SENT, Outcome.NOT_SENT),
        (State.UNRESOLVED, Outcome.UNRESOLVED),
    ],
)
def test_an_attempt_ends_as_its_command_did(
    fleet: Fleet, sampled: Sampled, state: State, outcome: Outcome
) -> None:
    reach(state, closed=True)
    row = after(fleet, sampled, 1)
    assert (row.standing, row.outcome) == (Standing.OVER, outcome)
    assert bool(row.error) is (outcome is not Outcome.UNRESOLVED)


def test_the_command_of_a_removed_job_is_judged_all_the_same(
    fleet: Fleet, sampled: Sampled
) -> None:
    fleet.job.__class__.objects.update(enabled=False, removed_at=timezone.now())
    Episode.objects.update(closed=True, closed_at=NOON, ending=Ending.JOB)
    row = after(fleet, sampled, 21)
    assert (row.standing, row.outcome) == (Standing.OVER, Outcome.ANSWERED)


def test_what_a_schedule_asked_for_ends_with_its_command(fleet: Fleet, sampled: Sampled) -> None:
    Episode.objects.update(trigger=Trigger.SCHEDULE)
    reach(State.VERIFIED, closed=True)
    after(fleet, sampled, 5)
    episode = Episode.objects.get()
    assert (episode.closed, episode.ending) == (True, Ending.DONE)


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [("", Outcome.STAYED_BAD), (Ending.RECOVERED, Outcome.CAME_BACK), (Ending.JOB, "")],
)
def test_of_a_shadow_it_is_said_what_became_of_the_player_without_us(
    platform_a: Platform, sampled: Sampled, ending: str, outcome: str
) -> None:
    fleet = make_fleet(platform_a, 10, mode=Mode.SHADOW)
    fleet.fire(fleet.players[0])
    assert fleet.act() == 1
    assert after(fleet, sampled, 9).standing == Standing.SHADOW
    if ending:
        Episode.objects.update(closed=True, closed_at=fleet.now, ending=ending)
    row = after(fleet, sampled, 10)
    assert (row.standing, row.outcome) == (Standing.OVER, outcome)
    assert row.finished_at == fleet.now
    assert verification.verify(fleet.now + timedelta(minutes=1)) == 0


@pytest.mark.parametrize("is_over", [True, False])
@pytest.mark.parametrize("before", [False, True])
def test_of_a_shadow_whose_player_somebody_restarted_it_is_not_said_what_it_would_have_done(
    platform_a: Platform, alice: User, sampled: Sampled, *, is_over: bool, before: bool
) -> None:
    """It did not come back by itself; nor is it known whether it would have stayed bad."""
    fleet = make_fleet(platform_a, 10, mode=Mode.SHADOW)
    fleet.fire(fleet.players[0])
    assert fleet.act() == 1
    by_hand(fleet, alice, -12 if before else 3)
    if is_over:
        closed = NOON + minutes(9)
        Episode.objects.update(closed=True, closed_at=closed, ending=Ending.RECOVERED)
    row = after(fleet, sampled, 10)
    assert (row.standing, row.outcome) == (Standing.OVER, "")
    story = episode_story.of_attempt(row)
    assert story.headline == (
        "Nothing was sent: the job is in the shadow. It is not known what the player would have "
        "done by itself."
    )


def by_hand(fleet: Fleet, person: User, at: float) -> None:
    """Let a person restart the first player, so many minutes after noon."""
    socket, when = fleet.sockets[fleet.players[0].pk], NOON + minutes(at)
    command = world.give(socket, "power_cycle", sender=world.sender(person), now=when)
    given = Command.objects.filter(pk=command.pk)
    given.update(state=State.VERIFIED.value, wire_at=when, closed=True)


def test_what_the_same_job_sent_when_it_went_live_is_no_recovery_in_the_shadow(
    platform_a: Platform, sampled: Sampled
) -> None:
    fleet = make_fleet(platform_a, 10, mode=Mode.SHADOW)
    fleet.fire(fleet.players[0])
    assert fleet.act() == 1
    Job.objects.update(mode=Mode.LIVE)
    assert fleet.act(1) == 1
    Command.objects.update(state=State.ACCEPTED.value, wire_at=fleet.now)
    Episode.objects.update(closed=True, closed_at=NOON + minutes(5), ending=Ending.RECOVERED)
    fleet.tick(NOON + minutes(6))
    verification.verify(fleet.now)
    assert JobExecution.objects.get(mode=Mode.SHADOW).outcome == ""


def test_fifty_shadows_end_with_as_many_queries_as_two(platform_a: Platform, alice: User) -> None:
    fleet = make_fleet(platform_a, 50, 50, mode=Mode.SHADOW)
    by_hand(fleet, alice, -1)

    def end(number: int) -> list[str]:
        episodes = fleet.fire(*fleet.players[:number])
        JobExecution.objects.bulk_create(
            JobExecution(
                platform=platform_a, episode=each, job=fleet.job, player=each.player, attempt=1,
                rung=0, mode=Mode.SHADOW, standing=Standing.SHADOW, created_at=NOON,
            )
            for each in episodes
        )  # fmt: skip
        Episode.objects.open().update(closed=True, closed_at=NOON, ending=Ending.RECOVERED)
        with CaptureQueriesContext(connection) as queries:
            assert verification.verify(NOON) == number
        costs.append(len(queries))
        rows = JobExecution.objects.filter(episode__in=episodes).order_by("player")
        return list(rows.values_list("outcome", flat=True))

    costs: list[int] = []
    assert end(2) == ["", Outcome.CAME_BACK]
    assert end(50) == ["", *[Outcome.CAME_BACK] * 49]
    assert costs[0] == costs[1] < 15


@pytest.mark.parametrize("ending", ["", Ending.DONE, Ending.JOB])
def test_of_a_schedule_in_the_shadow_nothing_is_said_of_its_players(
    platform_a: Platform, sampled: Sampled, ending: str
) -> None:
    """They are well before and after; that its episode is still open says nothing of them."""
    fleet = make_fleet(platform_a, 10)
    nightly = make_job(platform_a, None, mode=Mode.SHADOW)
    fleet.fire(fleet.players[0], minutes=1, job=nightly)
    fleet.see(fleet.players[0], bad=False)
    assert fleet.act() == 1
    if ending:
        Episode.objects.update(closed=True, closed_at=fleet.now, ending=ending)
    row = after(fleet, sampled, 10)
    assert (row.standing, row.outcome) == (Standing.OVER, "")
    story = episode_story.of_attempt(row)
    assert story.headline.startswith("Nothing was sent: the job is in the shadow.")
    assert schedules.close_over(fleet.now) == (0 if ending else 1)
    assert Episode.objects.get().ending == (ending or Ending.DONE)
