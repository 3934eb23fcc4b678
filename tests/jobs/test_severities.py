"""Who hears of a job: channels that ask for no less, of what it finds and asks, of both ends."""

from datetime import timedelta

import pytest

from exporters.models import Exporter
from jobs import schedules
from jobs.models import Ending, Episode, Job, JobExecution, Mode, Outcome, Trigger
from platforms import announcements, deliveries
from platforms.models import DeliveryItem, Notice, NotificationChannel, Platform
from platforms.notice_kinds import Severity
from tests.exporters.watched_world import World
from tests.jobs import acting_world
from tests.jobs.acting_world import NOON, finish
from tests.jobs.evaluated_world import Fleet, Slots
from tests.platforms.notice_world import make_channel

pytestmark = pytest.mark.django_db


@pytest.fixture
def channels(platform_a: Platform) -> dict[Severity, NotificationChannel]:
    """A channel of each least severity."""
    return {
        each: make_channel(platform_a, name=each.name, least_severity=each) for each in Severity
    }


def heard(
    kind: str, channels: dict[Severity, NotificationChannel], notices: int = 1
) -> set[Severity]:
    """Return which channels hear of a kind that was told so many times."""
    assert Notice.objects.filter(kind=kind).count() == notices
    deliveries.spread(NOON)
    items = DeliveryItem.objects.filter(notice__kind=kind)
    told = set(items.values_list("delivery__channel", flat=True))
    return {severity for severity, channel in channels.items() if channel.pk in told}


def no_graver_than(severity: Severity) -> set[Severity]:
    """Return what a channel may ask for that is to hear of this."""
    return {each for each in Severity if each <= severity}


@pytest.mark.parametrize("severity", Severity)
def test_channels_hear_of_what_a_job_found_as_gravely_as_the_job_says_and_of_its_end(
    severity: Severity,
    world: World,
    exporter_a: Exporter,
    channels: dict[Severity, NotificationChannel],
) -> None:
    fleet, slots = Fleet(exporter_a, 5, mode=Mode.APPROVE, severity=severity), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    slots.next()
    assert heard("opened", channels) == no_graver_than(severity)
    fleet.say(world, p0=1)
    slots.next()
    slots.next()
    assert heard("recovered", channels) == no_graver_than(severity)


def test_whoever_heard_of_a_bad_player_hears_of_its_end_though_the_job_was_set_lower(
    world: World, exporter_a: Exporter, channels: dict[Severity, NotificationChannel]
) -> None:
    fleet, slots = Fleet(exporter_a, 5, mode=Mode.APPROVE, severity=Severity.CRITICAL), Slots()
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    slots.next()
    Job.objects.update(severity=Severity.INFO)
    fleet.say(world, p0=1)
    slots.next()
    slots.next()
    assert heard("opened", channels) == heard("recovered", channels) == set(Severity)
    assert Episode.objects.get().ending == Ending.RECOVERED


@pytest.mark.parametrize("severity", Severity)
def test_what_a_job_asks_is_as_grave_as_the_job(
    severity: Severity, platform_a: Platform, channels: dict[Severity, NotificationChannel]
) -> None:
    fleet = acting_world.make_fleet(platform_a, 30, mode=Mode.APPROVE, severity=severity)
    fleet.fire(fleet.players[0])
    fleet.act()
    assert heard("approval", channels) == no_graver_than(severity)


@pytest.mark.parametrize("severity", Severity)
def test_that_a_job_acts_is_information_and_that_it_cannot_help_is_critical_of_any_job(
    severity: Severity, platform_a: Platform, channels: dict[Severity, NotificationChannel]
) -> None:
    fleet = acting_world.make_fleet(platform_a, 30, attempts=1, severity=severity)
    (episode,) = fleet.fire(fleet.players[0])
    assert fleet.act() == 1
    finish(JobExecution.objects.get(), Outcome.INEFFECTIVE, fleet.now)
    fleet.act(60)
    assert heard("acted", channels) == {Severity.INFO}
    assert heard("exhausted", channels) == set(Severity)
    assert acting_world.why(episode) == ("attempts", "exhausted")


@pytest.mark.parametrize("severity", Severity)
def test_runs_that_a_schedule_missed_are_as_grave_as_it(
    severity: Severity, exporter_a: Exporter, channels: dict[Severity, NotificationChannel]
) -> None:
    Job.objects.create(
        platform_id=exporter_a.platform_id,
        name="At night",
        trigger=Trigger.SCHEDULE,
        cron="0 3 * * *",
        due_at=NOON - timedelta(hours=9),
        mode=Mode.LIVE,
        severity=severity,
    )
    assert schedules.open_due(NOON) == 0
    assert heard("schedule_missed", channels) == no_graver_than(severity)


def test_the_proof_that_a_job_s_severity_counts_turns_red_where_it_is_dropped(
    platform_a: Platform,
    channels: dict[Severity, NotificationChannel],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = announcements._write

    def dropped(*given: object) -> bool:
        return write(*given[:-1], None)  # type: ignore[arg-type, call-arg]

    monkeypatch.setattr(announcements, "_write", dropped)
    with pytest.raises(AssertionError):
        test_what_a_job_asks_is_as_grave_as_the_job(Severity.CRITICAL, platform_a, channels)
