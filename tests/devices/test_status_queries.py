"""Asking sockets for a sign of life: who is asked when, and what it may cost."""

from datetime import datetime, timedelta

import pytest

from devices import status_queries
from devices.models import Command, Device, Pause, SmsGateway, StatusQueryPlan
from devices.pace import LIFE
from devices.status_queries import ask
from platforms.models import Platform
from tests.devices import world
from tests.devices.world import NOON, give, together

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def weekly(platform_a: Platform) -> Platform:
    platform_a.time_zone = "UTC"
    platform_a.save()
    return platform_a


def plan(platform: Platform, **fields: int) -> None:
    StatusQueryPlan.objects.update_or_create(platform=platform, defaults=fields)


def run(hours: float, start: datetime = NOON, end_commands: bool = True) -> list[int]:
    """Let the clock tick every ten minutes; return how many were asked each hour."""
    asked = []
    for hour in range(int(hours)):
        count = 0
        for tick in range(6):
            now = start + hour * HOUR + tick * HOUR / 6
            count += ask(now)
            if end_commands:
                Command.objects.filter(closed=False).update(closed=True)
        asked.append(count)
    return asked


def test_a_socket_is_asked_with_its_models_own_question_as_a_job(weekly: Platform) -> None:
    device = world.make_socket(weekly)
    assert ask(NOON) == 1
    [command] = Command.objects.all()
    assert (command.text, command.by_job, command.author_name) == ("#07#", True, "Status queries")
    device.refresh_from_db()
    assert device.asked_at == NOON
    assert ask(NOON + HOUR) == 0


def test_questions_are_spread_over_the_days_and_nobody_is_forgotten(weekly: Platform) -> None:
    for _number in range(12):
        world.make_socket(weekly)
    plan(weekly, days=1)
    asked = run(24)
    assert max(asked) == 1
    assert sum(asked) == 12
    assert Device.objects.filter(asked_at=None).count() == 0
    again = run(24, NOON + DAY)
    assert sum(again) == 12, "and all of them again on the next day"


def test_who_was_heard_of_is_not_asked(weekly: Platform) -> None:
    heard = world.make_socket(weekly)
    silent = world.make_socket(weekly)
    plan(weekly, days=2)
    Device.objects.filter(pk=heard.pk).update(heard_at=NOON - DAY)
    Device.objects.filter(pk=silent.pk).update(heard_at=NOON - 3 * DAY)
    run(4)
    assert list(Command.objects.values_list("device", flat=True)) == [silent.pk]


@pytest.mark.parametrize(
    "why", ["off", "disabled", "retired", "paused", "platform", "all", "open", "model"]
)
def test_who_is_not_to_be_asked_is_left_alone(why: str, weekly: Platform) -> None:
    model = "generic" if why == "model" else "simpal_d210"
    device = world.make_socket(weekly, model)
    row = Device.objects.filter(pk=device.pk)
    if why == "off":
        plan(weekly, days=0)
    elif why == "disabled":
        row.update(enabled=False)
    elif why == "retired":
        row.update(retired_at=NOON)
    elif why == "paused":
        Pause.objects.create(platform=weekly, device=device, reason="works")
    elif why == "platform":
        Pause.objects.create(platform=weekly, reason="works")
    elif why == "all":
        Pause.objects.create(platform=None, reason="works")
    elif why == "open":
        give(device, "list_users")
    before = Command.objects.count()
    assert ask(NOON) == 0
    assert Command.objects.count() == before


@pytest.mark.parametrize(("day", "month", "most"), [(100, None, 10), (None, 70, 7), (100, 30, 3)])
def test_questions_never_cost_more_than_their_share(
    day: int | None, month: int | None, most: int, weekly: Platform
) -> None:
    weekly.sms_limit_day, weekly.sms_limit_month = day, month
    weekly.save()
    template = world.make_socket(weekly)
    Device.objects.bulk_create(
        Device(platform=weekly, model=template.model, name=f"S{n}", phone=f"+7901{n:07}")
        for n in range(400)
    )
    plan(weekly, days=1, share=10)
    asked = run(11.0)
    assert sum(asked) == most
    assert sum(run(1, NOON + 12 * HOUR)) == (most if month is None else 0), "a new day, a new share"


def test_no_question_is_asked_so_late_that_the_next_day_would_pay(weekly: Platform) -> None:
    world.make_socket(weekly)
    midnight = NOON.replace(hour=0) + DAY
    assert ask(midnight - LIFE + timedelta(seconds=1)) == 0
    assert ask(midnight) == 1


def test_people_keep_their_part_of_the_limit(weekly: Platform) -> None:
    weekly.sms_limit_day = 0
    weekly.save()
    world.make_socket(weekly)
    assert ask(NOON) == 0
    assert not Command.objects.exists()


def test_a_platform_without_a_gateway_asks_nothing_and_costs_nothing(weekly: Platform) -> None:
    world.make_socket(weekly)
    SmsGateway.objects.update(enabled=False)
    assert ask(NOON) == 0
    assert StatusQueryPlan.objects.get().day_used == 0


def test_each_platform_pays_for_its_own(weekly: Platform, platform_b: Platform) -> None:
    world.make_socket(weekly)
    world.make_socket(platform_b)
    plan(platform_b, days=0)
    assert ask(NOON) == 1
    assert StatusQueryPlan.objects.get(platform=platform_b).day_used == 0


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_ask_no_more_than_one(weekly: Platform) -> None:
    weekly.sms_limit_day = 100
    weekly.save()
    for _number in range(30):
        world.make_socket(weekly)
    plan(weekly, days=1, share=1)
    assert sum(together(lambda _at: status_queries.ask(NOON), 4)) == 1
    assert Command.objects.count() == 1
