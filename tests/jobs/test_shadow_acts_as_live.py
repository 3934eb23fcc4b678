"""What a job in the shadow records is what it would do: two of one history, one of them live."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from devices.models import Command
from exporters.models import Player
from jobs import schedules, scorecard, situation, traffic, verification
from jobs.models import Ending, Episode, GateVerdict, JobExecution, Mode, Outcome, Standing
from platforms.models import Platform
from tests.factories import make_site
from tests.jobs.acting_world import NOON, Fleet, finish, make_fleet, make_job, why

pytestmark = pytest.mark.django_db


class Bad(NamedTuple):
    """A player, by its number, and the minutes from and to which it is bad."""

    player: int
    begins: int
    ends: int


Deed = tuple[float, int]  # after how many minutes, on which player
Held = dict[int, list[tuple[str, str]]]  # by player: the gates that held it back, and their codes


def relive(fleet: Fleet, bad: Sequence[Bad], minutes: int) -> None:
    """Let players be bad as told, and look every minute; what would help a player ends as it is.

    Live the command of an attempt ends as verification says it: it helped where the player came
    back, and did not once its time is over.
    """
    for minute in range(minutes + 1):
        fleet.tick(NOON + timedelta(minutes=minute))
        for each in bad:
            if each.begins == minute:
                fleet.fire(fleet.players[each.player], minutes=0)
            if each.ends == minute:
                _come_back(fleet, each.player)
        for row in JobExecution.objects.filter(job=fleet.job, standing=Standing.COMMANDED):
            if row.created_at + timedelta(seconds=row.wait) <= fleet.now:
                finish(row, Outcome.INEFFECTIVE, fleet.now)
        verification.verify(fleet.now)
        while fleet.act():  # as many as a look would let go
            pass


def _come_back(fleet: Fleet, number: int) -> None:
    player = fleet.players[number]
    fleet.see(player, bad=False)
    episodes = Episode.objects.open().filter(job=fleet.job, player=player)
    for row in JobExecution.objects.filter(episode__in=episodes, standing=Standing.COMMANDED):
        finish(row, Outcome.VERIFIED, fleet.now)
    episodes.update(closed=True, closed_at=fleet.now, ending=Ending.RECOVERED, rev=F("rev") + 1)


def deeds(fleet: Fleet) -> list[Deed]:
    """Return what was done, or would have been, in its order."""
    numbers = {player.pk: number for number, player in enumerate(fleet.players)}
    rows = JobExecution.objects.filter(job=fleet.job).order_by("created_at", "player")
    return [((row.created_at - NOON).total_seconds() / 60, numbers[row.player_id]) for row in rows]


def held(fleet: Fleet) -> Held:
    """Return what held each player back, one after the other."""
    numbers = {player.pk: number for number, player in enumerate(fleet.players)}
    found: Held = {}
    for row in GateVerdict.objects.filter(episode__job=fleet.job).select_related("episode"):
        told = (row.gate, str(row.detail.get("code", "")))
        found.setdefault(numbers[row.episode.player_id], []).append(told)
    return found


FLICKERS: Final = [Bad(0, begins, begins + 4) for begins in (0, 8, 16, 24)]
ONE_BY_ONE: Final = [Bad(number, number * 3, number * 3 + 5) for number in range(15)]

#: What happened, how many acts it comes to, and a reason that somebody was held back for.
HISTORIES: Final[dict[str, tuple[list[Bad], int, tuple[str, str]]]] = {
    "one player four times in 28 minutes": (FLICKERS, 1, ("cooldown", "job")),
    "fifteen players in 45 minutes": (ONE_BY_ONE, 10, ("rate", "hour")),
    "six together, the first comes back": (
        [Bad(0, 0, 5), *(Bad(number, 0, 12) for number in range(1, 6))], 4, ("rate", "platform")),
    "six together that stay bad": (
        [Bad(number, 0, 35) for number in range(6)], 4, ("rate", "canary")),
    "one stays bad through its ladder": ([Bad(0, 0, 95)], 3, ("attempts", "exhausted")),
    "bad again while its cooldown runs": (
        [Bad(0, 0, 4), Bad(0, 20, 50), Bad(0, 55, 70)], 2, ("cooldown", "job")),
}  # fmt: skip


@pytest.mark.parametrize("name", HISTORIES)
def test_a_job_in_the_shadow_does_what_it_would_do_live(
    platform_a: Platform, platform_b: Platform, name: str
) -> None:
    bad, number, reason = HISTORIES[name]
    minutes = max(each.ends for each in bad)
    live, shadow = make_fleet(platform_a, 60, 15), make_fleet(platform_b, 60, 15, mode=Mode.SHADOW)
    relive(live, bad, minutes)
    relive(shadow, bad, minutes)
    assert deeds(shadow) == deeds(live)
    assert len(deeds(shadow)) == number
    assert held(shadow) == held(live)
    assert reason in {each for told in held(shadow).values() for each in told}
    assert Command.objects.count() == number, "those of the job that is live alone"
    found = scorecard.score(shadow.job, NOON - timedelta(1), NOON + timedelta(1))
    assert found.attempts == number
    assert reason[0] in {each.gate for each in found.gates}


def test_a_schedule_in_the_shadow_restarts_as_many_as_it_would_live(
    platform_a: Platform, platform_b: Platform
) -> None:
    """The first one goes alone; then three at once, and no more than ten within an hour."""
    done = []
    for platform, mode in ((platform_a, Mode.LIVE), (platform_b, Mode.SHADOW)):
        fleet = make_fleet(platform, 80, 14)
        nightly = make_job(platform, None, mode=mode)
        fleet.fire(*fleet.players[:14], minutes=0, job=nightly)
        Episode.objects.filter(job=nightly).update(opened_at=NOON, due_at=NOON)
        for player in fleet.players[:14]:
            fleet.see(player, bad=False)
        for minute in range(0, 61, 5):
            fleet.tick(NOON + timedelta(minutes=minute))
            due = JobExecution.objects.filter(
                standing=Standing.COMMANDED, created_at__lte=fleet.now - timedelta(minutes=10)
            )
            for row in due:
                finish(row, Outcome.VERIFIED, fleet.now)
            verification.verify(fleet.now)
            schedules.close_over(fleet.now)
            while fleet.act():
                pass
        fleet.job = nightly
        done.append((deeds(fleet), held(fleet)))
    assert done[0] == done[1]
    assert [minute for minute, _player in done[1][0]] == [0, *[10] * 3, *[20] * 3, *[30] * 3, 60]


def test_what_is_recorded_takes_no_place_of_another_job(platform_a: Platform) -> None:
    """Of none that acts, nor of another one in the shadow, though all are of one site."""
    fleet = make_fleet(platform_a, 60, 2, mode=Mode.SHADOW)
    second = make_job(platform_a, fleet.job.criterion, mode=Mode.SHADOW)
    live = make_job(platform_a, fleet.job.criterion)
    Player.objects.update(site=make_site(platform_a))
    waits = fleet.fire(*fleet.players[:2])[1]
    assert fleet.act() == 1
    assert why(waits) == ("rate", "site")
    fleet.fire(fleet.players[0], job=second)
    assert fleet.act(1) == 1
    fleet.fire(fleet.players[0], job=live)
    assert fleet.act(1) == 1
    assert Command.objects.count() == 1
    made = JobExecution.objects.order_by("pk").values_list("job", flat=True)
    assert list(made) == [fleet.job.pk, second.pk, live.pk]


def test_an_earlier_episode_that_is_not_told_of_yet_keeps_the_next_one_waiting(
    platform_a: Platform,
) -> None:
    fleet = make_fleet(platform_a, 12, 1, mode=Mode.SHADOW)
    fleet.fire(fleet.players[0])
    assert fleet.act() == 1
    Episode.objects.update(closed=True, closed_at=NOON, ending=Ending.RECOVERED)
    (again,) = fleet.fire(fleet.players[0], minutes=0)
    assert fleet.act(1) == 0
    assert why(again) == ("in_flight", "attempt")
    verification.verify(fleet.now)
    assert fleet.act(1) == 0
    assert why(again) == ("cooldown", "job")
    assert fleet.act(29) == 1


def test_a_job_that_acts_is_judged_without_a_question_about_shadows(
    platform_a: Platform, platform_b: Platform
) -> None:
    """However many jobs in the shadow want to act, two questions are asked about them, of all."""

    def asked(*, shadows: int) -> int:
        platform = (platform_a, platform_b)[bool(shadows)]
        fleet = make_fleet(platform, 60, 3)
        jobs = [make_job(platform, fleet.job.criterion, mode=Mode.SHADOW) for _each in range(4)]
        for job in (fleet.job, *jobs[:shadows]):
            fleet.fire(*fleet.players[:2], job=job)
        with CaptureQueriesContext(connection) as queries:
            situation_of = situation.with_company(list(_open(platform)))
            subjects = situation.read(platform.pk, situation_of, fleet.now, {})
            traffic.rule(platform.pk, subjects, fleet.now)
        return len(queries)

    assert asked(shadows=4) == asked(shadows=0) + 2


def _open(platform: Platform) -> list[int]:
    return list(Episode.objects.open().filter(platform=platform).values_list("pk", flat=True))
