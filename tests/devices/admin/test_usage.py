"""The page of what a platform uses of its limits, and its file."""

import json
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import BudgetPeriod
from platforms.audit import Action
from platforms.models import AuditEntry, Platform, User
from tests.conftest import ClientOf
from tests.devices.world import NOON, make_socket

pytestmark = pytest.mark.django_db
PAGE = "/admin/devices/budgetperiod/"
TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """Stand still at noon of the day."""
    with time_machine.travel(NOON, tick=False):
        yield


def spend(platform: Platform, span: str, starts: date, **columns: int) -> None:
    """Write down what was spent."""
    BudgetPeriod.objects.create(platform=platform, span=span, starts=starts, **columns)


@pytest.fixture
def spent(platform_a: Platform) -> Platform:
    """Platform A after three weeks: 10 a day, 4 of them by jobs."""
    Platform.objects.filter(pk=platform_a.pk).update(
        sms_limit_day=20, sms_limit_month=300, sockets_limit=5
    )
    for back in range(22):
        spend(platform_a, "day", TODAY - timedelta(days=back), limit=20, used=10, by_jobs=4)
    spend(platform_a, "month", TODAY.replace(day=1), limit=300, used=220, by_jobs=88, beyond=2)
    spend(platform_a, "month", date(2026, 10, 1), limit=300, used=290, by_jobs=200)
    return platform_a


@pytest.mark.parametrize("who", ["alice", "mona", "ursula", "bob"])
def test_every_member_reads_the_use_of_the_platform(
    who: str, spent: Platform, client_of: ClientOf, request: pytest.FixtureRequest
) -> None:
    make_socket(spent)
    answer = client_of(request.getfixturevalue(who)).get(PAGE)
    used = answer.context["used"]
    assert (used.today.taken, used.today.people, used.today.jobs) == (10, 6, 4)
    assert (used.month.taken, used.month.all, used.month.percent) == (220, 222, 73)
    assert len(used.days) == 31
    assert used.days[0].all == 0
    assert used.forecast.at_end == 300
    assert used.forecast.full_on == date(2026, 11, 30)
    assert [(each["used"], each["limit"]) for each in answer.context["counted"]] == [
        (0, None),
        (1, 5),
    ]
    page = answer.content.decode()
    assert "The limit of 300 will be reached on 2026-11-30." in page
    assert "average: 10.0 SMS" in page
    people, jobs, beyond = json.loads(answer.context["chart"])["datasets"]
    assert (people["data"][-1], jobs["data"][-1], beyond["data"][-1]) == (6, 4, 0)


def test_the_limit_that_holds_now_is_shown(
    alice: User, spent: Platform, client_of: ClientOf
) -> None:
    Platform.objects.update(sms_limit_month=1000)
    assert client_of(alice).get(PAGE).context["used"].month.limit == 1000


def test_a_platform_that_has_sent_nothing_has_a_page(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    page = client_of(alice).get(PAGE).content.decode()
    assert "Three complete days are needed to tell." in page
    assert "unlimited" in page


def test_the_day_is_that_of_the_platform(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    Platform.objects.update(time_zone="Pacific/Kiritimati")  # UTC+14: it is tomorrow there
    spend(platform_a, "day", TODAY + timedelta(days=1), used=3)
    assert client_of(alice).get(PAGE).context["used"].today.used == 3


def test_a_superadmin_chooses_a_platform(
    root: User, spent: Platform, platform_b: Platform, client_of: ClientOf
) -> None:
    client = client_of(root)
    assert client.get(PAGE).context["platform"] == spent
    assert client.get(f"{PAGE}?platform={platform_b.pk}").context["platform"] == platform_b


@pytest.mark.parametrize("asked", ["foreign", "0", "x", "-1", "٣", "9" * 40])
def test_the_use_of_others_is_not_there(
    asked: str, alice: User, platform_b: Platform, client_of: ClientOf
) -> None:
    spend(platform_b, "day", TODAY, used=77)
    number = str(platform_b.pk) if asked == "foreign" else asked
    client = client_of(alice)
    assert client.get(PAGE, {"platform": number}).status_code == 404
    assert client.get(f"{PAGE}export/", {"platform": number}).status_code == 404
    row = BudgetPeriod.objects.get()
    assert client.get(f"{PAGE}{row.pk}/change/").status_code == 404
    assert not AuditEntry.objects.filter(action=Action.EXPORTED).exists()


def test_the_file_has_every_day_and_month_and_is_recorded(
    bob: User, spent: Platform, client_of: ClientOf
) -> None:
    answer = client_of(bob).get(f"{PAGE}export/")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    lines = text.splitlines()
    assert lines[0] == "Span,Begins,Limit,Used,Reserved,By people,By jobs,Beyond the limit"
    assert lines[1] == "day,2026-11-22,20,10,0,6,4,0"
    assert "month,2026-11-01,300,220,0,132,88,2" in lines
    assert len(lines) == 1 + 22 + 2
    entry = AuditEntry.objects.get(action=Action.EXPORTED)
    assert (entry.target, entry.platform, entry.actor) == ("SMS usage", spent, bob.email)


def test_the_page_costs_the_same_whatever_was_spent(
    alice: User, platform_a: Platform, client_of: ClientOf
) -> None:
    client, counts = client_of(alice), []
    for back in range(2):
        for day in range(back * 400, 400 + back * 400):
            spend(platform_a, "day", TODAY - timedelta(days=day), used=1)
        with CaptureQueriesContext(connection) as asked:
            client.get(PAGE)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 9
