"""What the pages say when nothing can be sent, and to whom."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from devices import capacity, hints, road
from devices.gateways.shape import Reason, Sent
from devices.models import SmsGateway
from platforms import ticks
from platforms.models import Platform, Tick, User
from tests.devices import world
from tests.devices.world import NOON, UNKNOWN

pytestmark = pytest.mark.django_db


def alive() -> None:
    for name in (road.SWEEP, ticks.BEAT, hints.DISPATCH):
        ticks.note(name, NOON)


def said(person: User, **later: float) -> list[tuple[str, str]]:
    return [(what, advice) for what, advice in road.troubles(person, NOON + timedelta(**later))]


def test_there_is_nothing_to_say_while_workers_run(root: User) -> None:
    alive()
    assert said(root, seconds=119) == []


def test_a_worker_that_never_ran_is_told_of(root: User) -> None:
    ((what, advice),) = said(root)
    assert "No worker has run yet" in what
    assert "clock" in advice


def test_after_two_minutes_without_a_worker_it_is_said_for_how_long(root: User) -> None:
    alive()
    assert said(root, minutes=3)[0][0].startswith("No worker has run for 3 minutes")


def test_it_is_told_apart_whether_the_clock_or_the_worker_is_dead(root: User) -> None:
    alive()
    assert "clock (celery beat) does not run" in said(root, minutes=3)[0][1]
    ticks.note(ticks.BEAT, NOON + timedelta(minutes=3))
    assert "no worker does what it asks" in said(root, minutes=3)[0][1]


def test_an_unsafe_database_is_told_of_and_what_to_set_to_superadmins(
    root: User, ursula: User
) -> None:
    alive()
    ticks.note(hints.DISPATCH, NOON, "PostgreSQL runs with fsync=off: set it to on.")
    assert said(root)[0][1] == "PostgreSQL runs with fsync=off: set it to on."
    ((what, advice),) = said(ursula)
    assert "No command is sent" in what
    assert advice == ""


def test_who_can_send_nothing_is_told_nothing(bob: User) -> None:
    assert said(bob) == []


@pytest.mark.parametrize("page", ["/", "/exporters/player/overview/"])
def test_the_overview_says_it(
    root: User, bob: User, client_of: Callable[[User], Client], page: str
) -> None:
    said_to_root = client_of(root).get(f"/admin{page}").content.decode()
    assert "No worker has run yet" in said_to_root
    assert "No worker has run" not in client_of(bob).get(f"/admin{page}").content.decode()
    for name in (road.SWEEP, ticks.BEAT):
        Tick.objects.filter(name=name).delete()
        ticks.note(name, timezone.now())
    assert "No worker" not in client_of(root).get(f"/admin{page}").content.decode()


def test_the_page_of_a_command_says_what_it_waits_for(
    platform_a: Platform, alice: User, client_of: Callable[[User], Client]
) -> None:
    now = timezone.now()
    command = world.give(world.make_socket(platform_a), "status", now=now)
    page = f"/admin/devices/command/{command.pk}/change/"
    assert "No worker has run yet" in client_of(alice).get(page).content.decode()
    ticks.note(road.SWEEP, now)
    capacity.note(SmsGateway.objects.get(), UNKNOWN, now)
    text = client_of(alice).get(page).content.decode()
    assert "No worker" not in text
    assert str(Reason.TIMEOUT) in text
    capacity.note(SmsGateway.objects.get(), Sent(world.ACCEPTED.outcome, Reason.ACCEPTED), now)
    assert str(Reason.TIMEOUT) not in client_of(alice).get(page).content.decode()
