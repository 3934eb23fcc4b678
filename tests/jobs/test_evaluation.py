"""The whole stage over a real Prometheus: what it opens, and above all what it does not."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db.models import F
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from exporters.models import Exporter, Player
from jobs import saving
from jobs.conditions import Condition, Function, Operator
from jobs.definition import of
from jobs.evaluation import evaluate
from jobs.models import Clock, Criterion, Ending, Engine, Episode, Job, Joined, Mode, Track
from jobs.selection import Selection
from jobs.tracks import SLOT
from platforms.audit import SYSTEM
from platforms.models import Notice, Platform
from tests import factories
from tests.conftest import RunPrometheus
from tests.exporters.watched_world import (
    STATUS,
    Scripted,
    World,
    sample,
    scraped_page,
    watching,
)
from tests.jobs.evaluated_world import (
    Fleet,
    Slots,
    source_lines,
    started_again,
    two_processes,
    wait_until,
)
from tests.jobs.world import make_metric

pytestmark = pytest.mark.django_db

MOST_QUERIES = 21  # of a quiet tick, savepoints included; one of them in each twentieth alone


def test_ticks_that_come_early_and_late_count_every_slot_as_what_it_is(
    world: World, exporter_a: Exporter
) -> None:
    fleet = Fleet(exporter_a, 5)
    slot = int(time.time() + 10) // SLOT + 1  # it begins when Prometheus has read the page
    for number, (late, status) in enumerate([(1, 1), (5, 0), (0, 0)]):
        fleet.say(world, p2=status)
        evaluate(datetime.fromtimestamp((slot + number) * SLOT + late, UTC))
    assert fleet.open == [2]  # was seen bad for 30 seconds, in ticks with 25 between them
    assert Clock.objects.get().at == datetime.fromtimestamp((slot + 2) * SLOT, UTC)


def test_a_player_that_goes_offline_opens_one_episode_and_closes_it(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world)
    assert slots.next().written == 5  # each was never seen before
    assert fleet.figures == {"ok": 5}
    fleet.say(world, p2=0)
    assert (slots.next().written, fleet.open) == (1, [])
    assert fleet.figures == {"ok": 4, "pending": 1}
    tick = slots.next()
    assert (tick.written, tick.opened, fleet.open) == (0, 1, [2])
    episode = Episode.objects.get()
    assert (episode.value, episode.job_version) == (0.0, fleet.job.version)
    assert fleet.figures == {"ok": 4, "firing": 1}
    fleet.say(world, p2=1)
    assert (slots.next().closed, fleet.open) == (0, [2])
    assert Episode.objects.get().recovering_since == slots.now
    tick = slots.next()
    assert (tick.closed, tick.opened, tick.written, fleet.open) == (1, 0, 0, [])
    assert Episode.objects.get().ending == Ending.RECOVERED
    assert fleet.figures == {"ok": 5}
    assert (Engine.objects.get().ticks, Engine.objects.get().missed) == (5, 0)


def test_a_player_that_is_well_again_before_it_fires_opens_nothing(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    fleet.say(world, p0=1)
    assert (slots.next().written, fleet.figures) == (1, {"ok": 5})
    fleet.say(world, p0=0)
    assert (slots.next().opened, fleet.figures) == (0, {"ok": 4, "pending": 1})


# -- what is not known is not offline -------------------------------------------------------------


def test_nobody_is_bad_while_the_vendor_is_away(world: World, exporter_a: Exporter) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world, p0=1)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    before = list(Track.objects.values())
    world.say([*source_lines(exporter_a, up=0)])
    for _slot in range(2):
        assert (slots.next().written, fleet.why, fleet.open) == (0, "source_down", [])
    assert list(Track.objects.values()) == before
    assert fleet.figures == {"ok": 4, "pending": 1, "unknown": 5}
    fleet.say(world)
    assert (slots.next().opened, fleet.why) == (0, None)  # one slot is not two in a row


def test_nobody_is_bad_while_the_last_success_of_the_vendor_is_old(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world)
    slots.next()
    fleet.status[0] = 0
    world.say(fleet.lines(age=400))
    assert [slots.next().opened for _slot in range(3)] == [0, 0, 0]
    assert fleet.why == "source_stale"


def test_a_vendor_that_tells_of_few_of_its_players_is_not_believed_about_any(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Fleet(exporter_a, 10), Slots()
    fleet.say(world)
    slots.next()
    gone = {f"p{number}": None for number in range(3, 10)}
    fleet.say(world, **gone, p0=0, p1=0, p2=0)
    assert [slots.next().opened for _slot in range(3)] == [0, 0, 0]
    assert (fleet.why, Track.objects.filter(bad=True).count()) == ("too_few", 0)


def test_a_player_that_vanishes_is_unknown_and_the_others_are_as_they_were(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Fleet(exporter_a, 10), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p3=None)
    assert slots.next().written == 1
    track = fleet.track(3)
    assert track is not None
    assert (track.bad, track.frozen_from, track.why) == (False, 0.0, "no_sample")
    assert fleet.figures == {"ok": 10, "unknown": 1}
    assert (slots.next().written, fleet.open) == (0, [])
    fleet.say(world, p3=1)
    assert slots.next().written == 1
    assert fleet.figures == {"ok": 10}


def test_a_player_of_which_two_processes_say_different_things_is_unknown(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p1=0)
    slots.next()
    world.say([*fleet.lines(), sample(STATUS, fleet.players[1], 1, process="2")])
    assert slots.next().opened == 0
    track = fleet.track(1)
    assert track is not None
    assert (track.bad, track.why) == (True, "contradiction")
    fleet.say(world)
    assert [slots.next().opened for _slot in range(2)] == [0, 1]  # two in a row, anew


def test_a_player_that_was_never_seen_well_is_not_acted_on(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world, p4=0)
    assert [slots.next().opened for _slot in range(4)] == [0, 0, 0, 0]
    assert fleet.figures == {"ok": 4, "new": 1}


def test_a_player_that_was_never_heard_of_is_new(world: World, exporter_a: Exporter) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world, p4=None)
    slots.next()
    assert (fleet.track(4), fleet.figures) == (None, {"ok": 4, "new": 1, "unknown": 1})
    fleet.say(world, p4=1)
    assert slots.next().written == 1
    assert fleet.figures == {"ok": 5}


def test_what_was_seen_before_a_gap_does_not_count(world: World, exporter_a: Exporter) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    Job.objects.update(hold=60)
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    assert slots.next(skipped=3).opened == 0
    assert (fleet.figures["pending"], Engine.objects.get().missed) == (1, 3)


def test_a_clock_that_is_put_back_by_hours_begins_a_new_era(
    world: World, exporter_a: Exporter
) -> None:
    """It was ahead when the machine began; else nothing would be judged until it is there again."""
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world, p0=0)
    fleet.players[0].refresh_from_db()
    slots.next()
    Engine.objects.update(slot=F("slot") + 360, missed=0)
    Clock.objects.update(slot=F("slot") + 360, looked=F("looked") + 360, era=4)
    Track.objects.update(era=4, seen_good=True, since_slot=F("since_slot") + 360)
    assert [slots.next().opened for _slot in range(2)] == [0, 1]
    assert Clock.objects.get().era == 5
    assert Engine.objects.get().missed == 0
    slots.number -= 5
    Engine.objects.update(slot=F("slot") + 5)
    with pytest.raises(AssertionError):
        slots.next()


def test_a_player_that_was_well_before_a_gap_recovers_anew(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    slots.next()
    fleet.say(world, p0=1)
    slots.next()
    Clock.objects.update(slot=F("slot") - 4)  # a gap that Prometheus need not wait for
    assert (slots.next().closed, fleet.open) == (0, [0])
    assert slots.next().closed == 1


# -- what stands around Prometheus goes away ------------------------------------------------------


def test_nobody_is_bad_while_prometheus_is_away(
    world: World, exporter_a: Exporter, settings: Settings
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    tick = slots.next()
    assert (tick.blind, tick.written, fleet.why) == ("prometheus_away", 0, "prometheus_away")
    engine = Engine.objects.get()
    assert (engine.blind, engine.blind_since) == ("prometheus_away", slots.now)
    settings.PROMETHEUS_URL = world.url
    assert [slots.next().opened for _slot in range(2)] == [0, 1]
    assert Engine.objects.get().blind_since is None


def test_an_answer_in_part_is_none(scripted: Scripted, exporter_a: Exporter) -> None:
    fleet, slots = Fleet(exporter_a, 2), Slots()
    labels = {
        "exporter_id": str(exporter_a.pk),
        "platform_id": str(exporter_a.platform_id),
        "mac": fleet.players[0].identity,
    }
    scripted.vector = [(labels, 0)]
    scripted.more = {"warnings": ["a store did not answer"]}
    tick = slots.next()
    assert (tick.written, tick.known, fleet.why) == (0, 0, "prometheus_partial")


def test_prometheus_that_was_wiped_makes_nobody_bad(
    world: World, exporter_a: Exporter, prometheus: RunPrometheus, settings: Settings
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    settings.PROMETHEUS_URL = prometheus("global: {}").url
    tick = slots.next()
    assert (tick.written, tick.known, tick.blind) == (0, 0, "")
    assert (fleet.why, fleet.open) == ("no_process", [])


def test_nobody_is_bad_while_the_exporter_process_is_killed(
    exporter_a: Exporter, settings: Settings, tmp_path: Path
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    with scraped_page() as page, watching(page, tmp_path) as running:
        settings.PROMETHEUS_URL = running.url
        fleet.say(running)
        slots.next()
        fleet.say(running, p0=0)
        slots.next()
        page.shutdown()
        page.server_close()
        wait_until(running, "up", 0)
        assert (slots.next().written, fleet.why) == (0, "process_down")
    assert fleet.open == []


def test_what_vanished_while_prometheus_was_stopped_opens_nothing(
    exporter_a: Exporter, settings: Settings, tmp_path: Path
) -> None:
    """It goes on answering with the last sample for 5 minutes: nobody told it that it ended."""
    fleet, slots = Fleet(exporter_a, 10), Slots()
    others = [f"p{number}" for number in range(2, 10)]
    with started_again(fleet, slots, settings, tmp_path) as after:
        fleet.say(after, p0=None, **dict.fromkeys(others))
        # The trap: all ten are remembered, p0 as offline.
        assert after.value(f"count({STATUS})") == 10
        assert (slots.next().opened, fleet.why) == (0, "too_few")
        fleet.say(after, **dict.fromkeys(others, 1))
        assert [slots.next().opened for _slot in range(2)] == [0, 1]
    assert fleet.open == [1]
    track = fleet.track(0)
    assert track is not None
    assert (track.bad, track.why) == (True, "no_sample")


# -- tenants --------------------------------------------------------------------------------------


def test_a_process_of_one_platform_makes_nobody_bad_on_another(
    exporter_a: Exporter, exporter_b: Exporter, settings: Settings, tmp_path: Path
) -> None:
    mine, theirs, slots = Fleet(exporter_a, 5), Fleet(exporter_b, 5), Slots()
    with two_processes(exporter_b.platform_id, tmp_path) as (all_, of_b):
        settings.PROMETHEUS_URL = all_.url
        every = [*mine.lines(), *theirs.lines()]
        all_.say(every)
        of_b.say([])
        slots.next()
        mine.status[0] = 0
        lies = mine.lines()  # of the players of A, told by the process of B alone
        theirs.status[1] = 0
        of_b.say([*lies, *theirs.lines()])
        all_.say([line for line in every if f'exporter_id="{exporter_a.pk}"' in line])
        assert [slots.next().opened for _slot in range(2)] == [0, 1]
    assert (mine.open, theirs.open) == ([], [1])
    assert set(Track.objects.filter(bad=True).values_list("platform_id", flat=True)) == {
        exporter_b.platform_id
    }


# -- jobs and players change ----------------------------------------------------------------------


def test_a_player_that_is_taken_out_ends_its_episode_and_comes_back_as_new(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    slots.next()
    assert fleet.open == [0]
    Player.objects.filter(pk=fleet.players[0].pk).update(retired_at=timezone.now())
    assert slots.next().closed == 1
    assert Episode.objects.get().ending == Ending.PLAYER


def test_the_time_in_which_a_player_was_taken_out_does_not_count(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    Job.objects.update(hold=90)
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    Player.objects.filter(pk=fleet.players[0].pk).update(retired_at=timezone.now())
    slots.next()
    slots.next()
    Player.objects.update(retired_at=None)
    assert slots.next().opened == 0


def test_what_is_open_of_an_exporter_that_was_disabled_ends(exporter_a: Exporter) -> None:
    fleet = Fleet(exporter_a, 1)
    Episode.objects.create(
        platform_id=exporter_a.platform_id, job=fleet.job, job_version=1,
        player=fleet.players[0], opened_at=timezone.now(),
    )  # fmt: skip
    assert Slots().next().closed == 0
    Exporter.objects.update(enabled=False)
    Engine.objects.update(slot=0)
    assert Slots().next().closed == 1
    assert Episode.objects.get().ending == Ending.PLAYER


def test_a_changed_job_counts_anew(world: World, exporter_a: Exporter) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    Job.objects.update(hold=60)
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    slots.next()
    saving.save(replace(of(fleet.job), recover=90), SYSTEM, fleet.job)
    Job.objects.update(hold=60)
    assert [slots.next().opened for _slot in range(2)] == [0, 1]


def test_a_job_opens_episodes_of_what_it_names_alone(world: World, exporter_a: Exporter) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    site = factories.make_site(Platform.objects.get(pk=exporter_a.platform_id))
    Player.objects.filter(pk=fleet.players[1].pk).update(site=site)
    chosen = Selection(
        exporter_a.platform_id,
        sites=frozenset({site.pk}),
        players=frozenset({fleet.players[2].pk}),
    )
    Job.objects.update(hold=60, recover=60)  # as a person may ask for
    job = saving.save(replace(of(fleet.job), selection=chosen), SYSTEM, fleet.job)
    Job.objects.update(hold=30)
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0, p1=0, p2=0)
    slots.next()
    slots.next()
    assert fleet.open == [1, 2]
    assert Job.objects.get(pk=job.pk).figures == {"firing": 2, "ok": 0}


@pytest.mark.parametrize(
    ("joined", "opened"), [(Joined.ALL, []), (Joined.ANY, [0])], ids=["all", "any"]
)
def test_several_conditions_are_joined(
    world: World, exporter_a: Exporter, joined: Joined, opened: list[int]
) -> None:
    offline_now = Condition(STATUS, Function.LAST, 0, Operator.EQUAL, 0.0)
    offline_for_long = Condition(STATUS, Function.MAX, 300, Operator.LESS, 1.0)
    asked = {"conditions": (offline_now, offline_for_long), "joined": joined}
    fleet, slots = Fleet(exporter_a, 5, **asked), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    slots.next()
    assert (fleet.open, fleet.why) == (opened, None)


def test_a_tick_costs_the_same_queries_however_many_jobs_and_players(
    world: World, exporter_a: Exporter, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    fleet, slots = Fleet(exporter_a, 5), Slots()
    fleet.say(world)
    slots.next()
    with django_assert_max_num_queries(MOST_QUERIES):
        slots.next()
    for hold in range(300, 330):
        saving.save(replace(of(fleet.job), hold=hold, recover=60), SYSTEM)
    more = [factories.make_player(exporter_a, last_seen=timezone.now()) for _ in range(50)]
    fleet.players += more
    fleet.say(world, **{f"p{number}": 1 for number in range(5, 55)})
    slots.next()
    with django_assert_max_num_queries(MOST_QUERIES):
        slots.next()
    assert Clock.objects.count() == 1
    assert Track.objects.count() == 55


def test_raw_promql_makes_bad_whom_it_names_and_well_whose_status_is_known(
    world: World, exporter_a: Exporter
) -> None:
    raw = f'{STATUS}{{platform_id="$platform"}} < 1'
    fleet, slots = Fleet(exporter_a, 10, conditions=(), raw=raw), Slots()
    fleet.say(world)
    assert slots.next().written == 10
    fleet.say(world, p0=0, p1=None)
    slots.next()
    assert fleet.figures == {"ok": 9, "pending": 1, "unknown": 1}
    assert (slots.next().opened, fleet.open) == (1, [0])


def test_what_one_platform_is_asked_leaves_the_sources_of_another_known(
    world: World, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    """The gates count statuses: of each platform, whatever its own conditions are about."""
    make_metric("device_status", "", "")
    plain = Condition("device_status", Function.LAST, 0, Operator.EQUAL, 0.0)
    raw = f'{STATUS}{{platform_id="$platform"}} < 1'
    one, other = (
        Fleet(exporter_a, 5, conditions=(plain,)),
        Fleet(exporter_b, 5, conditions=(), raw=raw),
    )
    world.say([*one.lines(), *other.lines()])
    assert Slots().next().known == 2
    assert (one.why, other.why) == (None, None)


def test_raw_promql_that_would_be_refused_by_now_is_not_asked(
    world: World, exporter_a: Exporter
) -> None:
    raw = f'{STATUS}{{platform_id="$platform"}} < 1'
    fleet, slots = Fleet(exporter_a, 3, conditions=(), raw=raw), Slots()
    Criterion.objects.update(definition={"raw": STATUS})
    fleet.say(world)
    assert slots.next().clocks == 0


def test_a_tick_without_any_job_is_one(db: None) -> None:
    tick = Slots().next()
    assert (tick.clocks, tick.blind) == (0, "")


def test_people_hear_of_episodes_of_jobs_that_act(world: World, exporter_a: Exporter) -> None:
    fleet, slots = Fleet(exporter_a, 5, mode=Mode.APPROVE), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    slots.next()
    [notice] = Notice.objects.all()
    assert (notice.kind, notice.platform_id) == ("opened", exporter_a.platform_id)
    fleet.say(world)
    fleet.say(world, p0=1)
    slots.next()
    slots.next()
    assert set(Notice.objects.values_list("kind", flat=True)) == {"opened", "recovered"}
