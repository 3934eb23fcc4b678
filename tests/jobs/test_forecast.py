"""For whom a job would fire if it stayed so: what pages say before is what evaluation then does."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from devices import sockets
from exporters.models import Exporter
from jobs import acting, definition, preview
from jobs.brake import Domain, Shut
from jobs.conditions import Condition, Function, Operator
from jobs.definition import Definition, Step
from jobs.forecast import Doubt, Forecast
from jobs.models import Brake, Clock, Episode, Job, JobExecution, Track, Trigger
from jobs.verdicts import Why
from platforms.audit import SYSTEM
from platforms.models import Platform
from tests import factories
from tests.devices.world import make_socket
from tests.exporters.watched_world import STATUS, World
from tests.jobs.evaluated_world import Fleet, Slots, source_lines
from tests.jobs.world import defined

pytestmark = pytest.mark.django_db


def hang(fleet: Fleet, *numbers: int) -> None:
    """Put players on sockets of their own."""
    platform = Platform.objects.get(pk=fleet.exporter.platform_id)
    for number in numbers:
        line = make_socket(platform).lines.order_by("number")[0]
        sockets.bind(fleet.players[number], line, SYSTEM)


def foretold(slots: Slots, wanted: Definition | Job) -> Forecast:
    """Return what a page says of a job, or of one that is not stored, at the last slot."""
    asked = definition.of(wanted) if isinstance(wanted, Job) else wanted
    found = preview.look(asked, slots.now.timestamp()).forecast
    assert found is not None
    return found


def go_bad(fleet: Fleet, world: World, slots: Slots, *numbers: int) -> None:
    """Let all be well for a slot, then these bad for one: in the next one they fire."""
    fleet.say(world)
    slots.next()
    fleet.say(world, **{f"p{number}": 0 for number in numbers})
    slots.next()


def test_who_was_never_seen_well_fires_as_little_as_is_foretold(
    world: World, exporter_a: Exporter
) -> None:
    """Six of ten are offline from the beginning; five of the ten are on sockets."""
    fleet, slots = Fleet(exporter_a, 10), Slots()
    hang(fleet, *range(5))
    fleet.say(world, **{f"p{number}": 0 for number in range(6)})
    for _slot in range(3):
        slots.next()
    assert (fleet.open, fleet.figures) == ([], {"ok": 4, "new": 6})
    assert foretold(slots, fleet.job) == Forecast(new=6)


@pytest.mark.parametrize("stored", [False, True])
def test_under_conditions_that_no_job_has_yet_everybody_is_new(
    world: World, exporter_a: Exporter, *, stored: bool
) -> None:
    """So it is a moment after the job was stored, before anybody was looked at."""
    fleet, slots = Fleet(exporter_a, 5), Slots()
    hang(fleet, 0)
    go_bad(fleet, world, slots, 0, 1)
    platform = Platform.objects.get(pk=exporter_a.platform_id)
    others = Condition(STATUS, Function.LAST, 0, Operator.LESS, 1.0)
    wanted = defined(platform, conditions=(others,))
    if stored:
        assert Job.objects.count() == 1
        row = fleet.job.criterion
        assert row is not None
        Clock.objects.filter(criterion=row).delete()
        Track.objects.filter(criterion=row).delete()
        wanted = definition.of(fleet.job)
    assert foretold(slots, wanted) == Forecast(new=2, is_first=True)


def test_who_was_seen_well_fires_as_foretold_and_without_a_socket_people_are_told_alone(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Fleet(exporter_a, 12), Slots()
    hang(fleet, 0, 5)
    Job.objects.update(mode="live")
    go_bad(fleet, world, slots, 0, 1)
    assert foretold(slots, fleet.job) == Forecast(fires=2, fires_without_socket=1, acted=1)
    telling = Definition(**{**vars(definition.of(fleet.job)), "rungs": ()})
    assert foretold(slots, telling) == Forecast(fires=2, fires_without_socket=1)
    slots.next()
    assert fleet.open == [0, 1]
    acting.act(slots.now)
    assert list(JobExecution.objects.values_list("player", flat=True)) == [fleet.players[0].pk]


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("mode", ["shadow", "live"])
def test_what_the_brake_holds_back_is_foretold(
    world: World, exporter_a: Exporter, mode: str, *, enabled: bool
) -> None:
    """Six of ten go offline at once, five of them on sockets; of a job that is off as well."""
    fleet, slots = Fleet(exporter_a, 10), Slots()
    hang(fleet, *range(5))
    Job.objects.update(mode=mode)
    go_bad(fleet, world, slots, *range(6))
    if not enabled:  # since an hour: nobody judges any more
        Job.objects.update(enabled=False)
        Clock.objects.update(at=F("at") - timedelta(hours=1))
    told = foretold(slots, fleet.job)
    assert (told.fires, told.fires_without_socket, told.acted) == (6, 1, 5)
    assert told.held is not None
    assert (told.held.players, told.held.domain) == (5, Domain.PLATFORM)
    assert told.held.brake[:3] == (Shut.TOO_MANY, 6, 2)
    if enabled:
        slots.next()
        assert fleet.open == list(range(6))
        acting.act(slots.now)
        assert not JobExecution.objects.exists()
        assert set(Episode.objects.values_list("suppressed", flat=True)) == {"brake"}


def test_the_brake_of_one_exporter_holds_back_its_own_alone(
    world: World, exporter_a: Exporter
) -> None:
    """Three of five are too many there; of the platform's forty they are not."""
    platform = Platform.objects.get(pk=exporter_a.platform_id)
    large, slots = Fleet(factories.make_exporter(platform), 35), Slots()
    small = Fleet(exporter_a, 5)
    hang(small, 0, 1)
    hang(large, 0)

    def say(*bad: int) -> None:
        small.status.update(dict.fromkeys(bad, 0))
        large.status.update(dict.fromkeys(bad[:1], 0))
        world.say([*small.lines(), *large.lines()])
        slots.next()

    say()
    say(0, 1, 2)
    told = foretold(slots, small.job)
    assert (told.fires, told.acted) == (4, 3)
    assert told.held is not None
    assert (told.held.players, told.held.domain) == (2, Domain.EXPORTER)
    assert told.held.brake[:3] == (Shut.TOO_MANY, 3, 2)


def test_a_brake_that_is_engaged_holds_back_whoever_there_is(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Fleet(exporter_a, 10), Slots()
    hang(fleet, 0)
    go_bad(fleet, world, slots, 0)
    assert foretold(slots, fleet.job).held is None
    Brake.objects.create(
        platform=fleet.job.platform, engaged=True, engaged_at=slots.now, counted_at=slots.now,
        below_since=slots.now, enrolled=10, bad=1,
    )  # fmt: skip
    held = foretold(slots, fleet.job).held
    assert held is not None
    assert (held.players, held.brake.why) == (1, Shut.HOLDING)


def _page_of(fleet: Fleet, *, up: int = 1, age: float = 0, told: Sequence[int]) -> list[str]:
    return [
        *source_lines(fleet.exporter, up, age),
        *[line for line in fleet.lines() if any(
            fleet.players[number].identity in line for number in told)],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ({"up": 0, "told": range(10)}, Why.SOURCE_DOWN),
        ({"age": 3600, "told": range(10)}, Why.SOURCE_STALE),
        ({"told": range(3)}, Why.TOO_FEW),
    ],
    ids=["the vendor is away", "it has not answered for long", "it tells of few"],
)
def test_of_a_source_that_is_not_believed_nobody_fires(
    world: World, exporter_a: Exporter, page: dict[str, object], why: Why
) -> None:
    fleet, slots = Fleet(exporter_a, 10), Slots()
    hang(fleet, 0)
    go_bad(fleet, world, slots, 0, 1)
    world.say(_page_of(fleet, **page))  # type: ignore[arg-type]
    told = foretold(slots, fleet.job)
    assert told == Forecast(doubts=(Doubt(why, 2),))
    slots.next()
    assert (fleet.open, fleet.why) == ([], why.value)


def test_who_has_been_bad_for_more_than_a_week_is_left_to_people(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Fleet(exporter_a, 10), Slots()
    hang(fleet, 0, 1)
    go_bad(fleet, world, slots, 0, 1)
    Track.objects.filter(player=fleet.players[0]).update(run_from=F("run_from") - 8 * 86400)
    assert foretold(slots, fleet.job) == Forecast(fires=1, acted=1, bad_for_long=1)


def test_of_a_schedule_and_where_nobody_is_bad_there_is_nothing_to_foretell(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = Fleet(exporter_a, 3), Slots()
    fleet.say(world)
    slots.next()
    assert foretold(slots, fleet.job) == Forecast()
    nightly = defined(
        fleet.job.platform, trigger=Trigger.SCHEDULE, conditions=(), cron="0 3 * * *",
        rungs=(Step(),),
    )  # fmt: skip
    assert preview.look(nightly, slots.now.timestamp()).forecast is None


def test_it_asks_as_much_about_many_as_about_few(world: World, exporter_a: Exporter) -> None:
    fleet, slots = Fleet(exporter_a, 60), Slots()
    hang(fleet, 0, 30)

    def cost(*bad: int) -> int:
        fleet.say(world, **{f"p{number}": 0 for number in bad})
        slots.next()
        with CaptureQueriesContext(connection) as queries:
            told = foretold(slots, fleet.job)
        assert told.fires == sum(value == 0 for value in fleet.status.values())
        assert told.acted
        return len(queries)

    fleet.say(world)
    slots.next()
    few = cost(0, 1)
    assert cost(*range(2, 45)) == few < 31
