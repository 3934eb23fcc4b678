"""The brakes as rows: whom they count, what is written, what people hear."""

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exporters.models import Exporter, Player
from jobs import acting, brake, braking
from jobs.models import (
    Brake,
    Clock,
    Criterion,
    Episode,
    GateVerdict,
    Job,
    JobExecution,
    JobTarget,
    Mode,
    Outcome,
    Standing,
    Track,
)
from platforms import notice_texts
from platforms.models import Notice, Platform
from tests import factories
from tests.devices import world
from tests.jobs.acting_world import DAY, NOON, OFFLINE, Fleet, finish, make_fleet, make_job, why

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

WEEK = 7 * DAY


@pytest.fixture
def fleet(platform_a: Platform) -> Fleet:
    """Twelve players that are well."""
    return make_fleet(platform_a, 12, 1)


def counted(fleet: Fleet) -> Mapping[int | None, brake.Count]:
    criteria = braking.criteria_of(fleet.platform.pk)
    return braking.counts(fleet.platform.pk, criteria, fleet.now)


def test_it_stays_engaged_until_ten_minutes_below_and_then_acts_on_fresh_evidence(
    fleet: Fleet,
) -> None:
    """An outage of the vendor in the end: they are all offline, then all but one come back."""
    episodes = fleet.fire(*fleet.players[:4])
    assert fleet.act() == 0
    assert why(episodes[0]) == ("brake", "too_many")
    told = Notice.objects.order_by("about_type").values_list("kind", "about_type")
    assert list(told) == [("brake", ""), ("brake", "exporters.exporter")]
    for player in fleet.players[1:4]:
        fleet.see(player, bad=False)
    for _half_minute in range(20):
        assert fleet.act(0.5) == 0
        assert Brake.objects.filter(engaged=True).count() == 2
    assert why(episodes[0]) == ("brake", "holding")
    assert fleet.act(0.5) == 1
    assert not Brake.objects.filter(engaged=True).exists()
    kinds = list(Notice.objects.order_by("pk").values_list("kind", flat=True))
    assert sorted(kinds) == ["acted", "brake", "brake", "brake_released", "brake_released"]


def test_an_outage_costs_the_same_however_many_players_are_bad(platform_a: Platform) -> None:
    """All of them are marked at once, and looked at no more until the brake lets go."""
    fleet = make_fleet(platform_a, 60, 0)

    def queries(number: int) -> int:
        fleet.fire(*[each for each in fleet.players if not each.episodes.exists()][:number])
        with CaptureQueriesContext(connection) as captured:
            assert fleet.act() == 0
        return len(captured)

    queries(20)
    few = queries(2)
    assert queries(30) == few
    marked = Episode.objects.filter(suppressed="brake", suppressed_since=NOON)
    assert marked.count() == GateVerdict.objects.filter(gate="brake").count() == 52
    assert set(marked.values_list("rev", flat=True)) == {1}


def test_a_released_brake_writes_no_rows(fleet: Fleet) -> None:
    fleet.act()
    fleet.fire(fleet.players[0])
    assert fleet.act() == 1
    (row,) = Brake.objects.all()  # what is locked
    assert (row.exporter, row.engaged, row.counted_at) == (None, False, None)


def test_whoever_is_being_restarted_counts_until_the_cooldown_is_over(fleet: Fleet) -> None:
    fleet.fire(fleet.players[0])
    assert fleet.act() == 1
    fleet.see(fleet.players[0], bad=False)
    assert counted(fleet)[None] == brake.Count(12, 1)
    finish(JobExecution.objects.get(), Outcome.VERIFIED, fleet.now)
    fleet.tick(fleet.now + timedelta(minutes=29))
    assert counted(fleet)[None] == brake.Count(12, 1)
    fleet.tick(fleet.now + timedelta(minutes=2))
    assert counted(fleet)[None] == brake.Count(12, 0)


def test_what_a_person_switches_counts_as_well(fleet: Fleet) -> None:
    device = fleet.sockets[fleet.players[0].pk]
    world.give(device, "power_cycle", sender=world.sender_of_nobody())
    assert counted(fleet)[fleet.exporter.pk] == brake.Count(12, 1)


def test_a_source_that_is_not_known_makes_all_its_players_bad(fleet: Fleet) -> None:
    Clock.objects.update(known=False, known_since=fleet.slot - 10)
    assert counted(fleet)[None] == brake.Count(12, 12)
    Clock.objects.update(known_since=fleet.slot - 8 * 2880)
    assert counted(fleet)[None] == brake.Count(0, 0)


def test_evaluation_that_stands_still_says_nothing(fleet: Fleet) -> None:
    fleet.now += timedelta(minutes=2)
    assert counted(fleet) == {}


def test_disabled_exporters_retired_and_new_players_count_nowhere(fleet: Fleet) -> None:
    Player.objects.filter(pk=fleet.players[0].pk).update(retired_at=NOON)
    Track.objects.filter(player=fleet.players[1]).update(seen_good=False, bad=True)
    Track.objects.filter(player=fleet.players[2]).delete()
    assert counted(fleet)[None] == brake.Count(9, 0)
    Exporter.objects.update(enabled=False)
    assert counted(fleet) == {}


def test_jobs_that_are_off_or_in_the_shadow_count_nobody(fleet: Fleet) -> None:
    for values in ({"mode": Mode.SHADOW}, {"enabled": False}, {"removed_at": NOON}):
        Job.objects.update(**{"mode": Mode.LIVE, "enabled": True, "removed_at": None} | values)
        assert counted(fleet) == {}


def test_jobs_that_only_tell_people_count_nobody(fleet: Fleet) -> None:
    fleet.job.rungs.all().delete()
    assert counted(fleet) == {}


def test_a_schedule_on_a_platform_without_rules_needs_no_brake(platform_a: Platform) -> None:
    fleet = make_fleet(platform_a, 2, 1, mode=Mode.SHADOW)
    nightly = make_job(platform_a, None)
    fleet.fire(fleet.players[0], job=nightly)
    fleet.see(fleet.players[0], bad=False)
    assert acting.act(NOON) == 1


def test_a_schedule_on_an_exporter_that_no_rule_watches_waits_for_the_platform_alone(
    fleet: Fleet,
) -> None:
    """A rule over one exporter does not end the nightly restarts of another."""
    other = factories.make_exporter(fleet.platform)
    player = factories.make_player(other)
    fleet.hang(player, world.make_socket(fleet.platform))
    (episode,) = fleet.fire(player, minutes=0, job=make_job(fleet.platform, None))
    Track.objects.filter(player=player).delete()
    fleet.fire(*fleet.players[:4])
    assert fleet.act() == 0
    assert why(episode) == ("brake", "too_many")
    for each in fleet.players:
        fleet.see(each, bad=False)
    for _half_minute in range(21):
        fleet.act(0.5)
    assert JobExecution.objects.filter(player=player).exists()


def test_a_brake_that_no_rule_counts_by_any_more_holds_no_schedule_and_lets_go(
    fleet: Fleet,
) -> None:
    """In an outage somebody switches the rule off; the nights after that have to go on."""
    fleet.fire(*fleet.players[:4])
    assert fleet.act() == 0
    Job.objects.update(enabled=False)
    Episode.objects.update(closed=True, closed_at=fleet.now, ending="job")
    fleet.fire(fleet.players[0], job=make_job(fleet.platform, None))
    assert fleet.act(1) == 1
    assert Brake.objects.filter(engaged=True).count() == 2
    fleet.act(10)
    assert not Brake.objects.filter(engaged=True).exists()
    assert not Notice.objects.lasting().filter(kind="brake").exists()


def test_a_brake_lets_go_of_an_exporter_that_rules_left_for_another_one(
    platform_a: Platform,
) -> None:
    """Its rule was given other players; others of the platform are watched and counted still."""
    fleet = make_fleet(platform_a, 12, 1)
    fleet.fire(*fleet.players[:4])
    assert fleet.act() == 0
    elsewhere = factories.make_exporter(platform_a)
    left, fleet.exporter = fleet.exporter, elsewhere
    fleet.players = []
    fleet.add(12, 0)
    Job.objects.update(whole_platform=False)
    target = JobTarget.objects.create(platform=platform_a, job=fleet.job, exporter=left)
    for _half_minute in range(25):  # nobody evaluates it, and it is watched: nothing is known
        fleet.act(0.5)
    assert Brake.objects.get(exporter=left).engaged
    JobTarget.objects.filter(pk=target.pk).update(exporter=elsewhere)
    fleet.act(0.5)
    assert not Brake.objects.filter(engaged=True).exists()
    told = Notice.objects.filter(kind="brake_released").order_by("about_id")
    assert [notice_texts.sentence(each).partition(": ")[2] for each in told] == [
        "so few players are bad again that jobs act.",
        "no job that acts watches players there any more.",
    ]


def test_a_count_of_a_time_to_come_is_none(fleet: Fleet) -> None:
    """The clock of the machine went ahead for hours and was put back."""
    ahead = fleet.now + timedelta(hours=3)
    Brake.objects.create(platform=fleet.platform, counted_at=ahead, enrolled=12, bad=0)
    Brake.objects.create(
        platform=fleet.platform, exporter=fleet.exporter, engaged=True, engaged_at=ahead,
        counted_at=ahead, below_since=ahead, enrolled=12, bad=1,
    )  # fmt: skip
    Clock.objects.update(at=ahead)
    brakes = braking.standing(fleet.platform.pk, fleet.now)
    assert all(brake.shut(each, fleet.now) for each in brakes.values())
    fleet.tick()
    fleet.fire(*fleet.players[:4])
    brakes = braking.standing(fleet.platform.pk, fleet.now)
    assert [each.engaged for each in brakes.values()] == [True, True]
    for player in fleet.players[:4]:
        fleet.see(player, bad=False)
    for _half_minute in range(21):
        fleet.act(0.5)
    assert not Brake.objects.filter(engaged=True).exists()


@pytest.mark.parametrize("seed", range(6))
def test_the_count_is_that_of_players_looked_at_one_by_one(
    platform_a: Platform, platform_b: Platform, seed: int
) -> None:
    """Random tracks under two criteria and three exporters, counted by rows and by hand."""
    chance = Random(seed)
    fleet = make_fleet(platform_a, 0, 0)
    make_fleet(platform_b, 4, 0)
    second = Criterion.objects.create(platform=platform_a, digest="2" * 64, definition=OFFLINE)
    make_job(platform_a, second)
    exporters = [fleet.exporter, *(factories.make_exporter(platform_a) for _each in range(2))]
    criteria = [fleet.job.criterion, second]
    for exporter in exporters:
        for criterion in criteria:
            _random_clock(chance, fleet, criterion, exporter)
        for _number in range(12):
            player = factories.make_player(exporter)
            for criterion in criteria:
                _random_track(chance, fleet, criterion, player)
            if chance.random() < 0.2:
                _in_flight(fleet, player)
    by_hand = _by_hand(fleet)
    assert counted(fleet) == by_hand
    assert by_hand[None].enrolled > by_hand[None].bad > 0


def test_counting_costs_the_same_however_many_exporters(fleet: Fleet) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            braking.standing(fleet.platform.pk, NOON)
        return len(captured)

    few = queries()
    for _number in range(5):
        exporter = factories.make_exporter(fleet.platform)
        _random_clock(Random(1), fleet, fleet.job.criterion, exporter)
    assert queries() == few


def _random_clock(chance: Random, fleet: Fleet, criterion: Any, exporter: Exporter) -> None:
    Clock.objects.update_or_create(
        criterion=criterion,
        exporter=exporter,
        defaults={
            "platform": fleet.platform,
            "slot": fleet.slot,
            "at": chance.choice([NOON, NOON, NOON, NOON - timedelta(minutes=3)]),
            "observed": 10 * DAY,
            "known": chance.random() < 0.7,
            "known_since": fleet.slot - chance.choice([5, 8 * 2880]),
        },
    )


def _random_track(chance: Random, fleet: Fleet, criterion: Any, player: Player) -> None:
    if chance.random() < 0.1:
        return
    Track.objects.create(
        platform=fleet.platform,
        criterion=criterion,
        player=player,
        bad=chance.random() < 0.3,
        run_from=chance.choice([0.0, 2 * DAY, 4 * DAY, 9 * DAY]),
        bad_from=chance.choice([None, None, 0.0]),
        frozen_from=chance.choice([None, None, None, DAY, 9.9 * DAY]),
        since_slot=fleet.slot - 100,
        seen_good=chance.random() < 0.9,
    )


def _in_flight(fleet: Fleet, player: Player) -> None:
    episode = Episode.objects.create(
        platform=fleet.platform, job=fleet.job, job_version=1, player=player, opened_at=NOON
    )
    JobExecution.objects.create(
        platform=fleet.platform, episode=episode, job=fleet.job, player=player, attempt=1, rung=0,
        mode=Mode.LIVE, standing=Standing.COMMANDED, created_at=NOON, commanded_at=NOON,
    )  # fmt: skip


def _by_hand(fleet: Fleet) -> dict[int | None, brake.Count]:
    """Look at one player after the other, as the protocol says it."""
    clocks = {
        (each.criterion_id, each.exporter_id): each
        for each in Clock.objects.filter(platform=fleet.platform)
        if each.at is not None and NOON - each.at <= timedelta(seconds=90)
    }
    found: dict[int | None, brake.Count] = {
        exporter: brake.Count(0, 0) for _criterion, exporter in clocks
    }
    for player in Player.objects.filter(platform=fleet.platform):
        said = [
            _said(clocks[track.criterion_id, player.exporter_id], track, fleet.slot)
            for track in Track.objects.filter(player=player, seen_good=True)
            if (track.criterion_id, player.exporter_id) in clocks
        ]
        if set(said) <= {"nowhere"}:
            continue
        treated = JobExecution.objects.filter(player=player).exists()
        before = found[player.exporter_id]
        bad = before.bad + ("bad" in said or treated)
        found[player.exporter_id] = brake.Count(before.enrolled + 1, bad)
    enrolled = sum(each.enrolled for each in found.values())
    found[None] = brake.Count(enrolled, sum(each.bad for each in found.values()))
    return found


def _said(clock: Clock, track: Track, slot: int) -> str:
    if not clock.known and slot - clock.known_since > WEEK / 30:
        return "nowhere"
    if track.bad:
        well_at = track.run_from if track.bad_from is None else track.bad_from
    else:
        well_at = clock.observed if track.frozen_from is None else track.frozen_from
    if clock.observed - well_at > WEEK:
        return "nowhere"
    is_well = clock.known and not track.bad and track.frozen_from is None
    return "well" if is_well else "bad"
