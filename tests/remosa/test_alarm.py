"""While nothing is judged every page of whoever has jobs says so; it asks rows and nothing else."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exporters.models import Exporter
from jobs.models import Engine
from platforms.models import Platform, User
from tests.conftest import ClientOf
from tests.factories import make_player
from tests.jobs.world import make_job

pytestmark = pytest.mark.django_db

ALARM = 'class="rm-alarm" role="alert"'
PAGES = (
    "/admin/jobs/job/",
    "/admin/jobs/episode/",
    "/admin/jobs/jobexecution/",
    "/admin/jobs/jobexecution/approvals/",
    "/admin/jobs/maintenancewindow/",
    "/admin/exporters/player/",
    "/admin/devices/device/",
    "/admin/platforms/notice/",
    "/admin/password_change/",
)


def ticked(ago: timedelta, **fields: object) -> None:
    Engine.objects.update_or_create(
        pk=1, defaults={"ticked_at": timezone.now() - ago, "blind": "", **fields}
    )


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


@pytest.fixture
def silent(platform_a: Platform) -> Platform:
    """Jobs of platform A, and no tick for five minutes."""
    make_job(platform_a)
    ticked(timedelta(minutes=5))
    return platform_a


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("address", PAGES)
def test_every_page_says_once_that_nothing_is_judged(
    bob: User, client_of: ClientOf, address: str
) -> None:
    page = text(client_of(bob), address)
    assert page.count(ALARM) == 1
    assert page.count("Jobs have not been judged for 5 minutes: no job acts.") == 1
    assert "celery beat" not in page, "that is for whoever owns the installation"


@pytest.mark.usefixtures("silent")
def test_whoever_owns_the_installation_is_told_what_to_do(root: User, client_of: ClientOf) -> None:
    assert "celery beat" in text(client_of(root), "/admin/jobs/job/")


def test_it_goes_with_the_first_tick_and_comes_two_minutes_after_the_last(
    silent: Platform, bob: User, client_of: ClientOf
) -> None:
    client = client_of(bob)
    assert ALARM in text(client, PAGES[0])
    ticked(timedelta(seconds=5))
    assert ALARM not in text(client, PAGES[0])
    ticked(timedelta(seconds=119))
    assert ALARM not in text(client, PAGES[0])
    ticked(timedelta(seconds=121))
    assert ALARM in text(client, PAGES[0])


def test_it_tells_of_ticks_that_see_nothing_too(
    silent: Platform, bob: User, client_of: ClientOf
) -> None:
    ticked(timedelta(seconds=5), blind="prometheus_away")
    page = text(client_of(bob), PAGES[0])
    assert page.count(ALARM) == 1
    assert "Jobs judge nothing and do nothing:" in page


def test_who_has_no_jobs_at_work_is_not_alarmed(
    silent: Platform, charlie: User, platform_b: Platform, client_of: ClientOf
) -> None:
    """The jobs of another platform are none of one's business, nor are disabled ones."""
    make_job(platform_b, enabled=False)
    for address in PAGES:
        page = text(client_of(charlie), address)
        assert ALARM not in page
        assert "have not been judged" not in page
        assert silent.name not in page


def test_a_page_that_says_it_in_its_own_words_says_it_once(
    silent: Platform, bob: User, exporter_a: Exporter, client_of: ClientOf
) -> None:
    player = make_player(exporter_a)
    for address in ("/admin/", f"/admin/jobs/episode/why/{player.pk}/"):
        page = text(client_of(bob), address)
        assert page.count("Jobs have not been judged for 5 minutes") == 1, address
        assert ALARM not in page
        assert 'role="alert"' in page


@pytest.mark.usefixtures("silent")
def test_the_doors_and_the_pages_of_errors_say_nothing(bob: User, client_of: ClientOf) -> None:
    assert "have not been judged" not in text(Client(), "/admin/login/")
    assert "have not been judged" not in text(client_of(bob), "/password-reset/")
    missing = client_of(bob).get("/admin/jobs/job/999999/change/", follow=True)
    assert (missing.status_code, "have not been judged" in missing.content.decode()) == (404, False)


@pytest.mark.usefixtures("silent")
def test_it_costs_no_question_of_its_own(bob: User, charlie: User, client_of: ClientOf) -> None:
    """It comes with the bell, for those whom it alarms and for all others."""
    for person in (bob, charlie):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            text(client_of(person), "/admin/password_change/")
        about = [each["sql"] for each in asked if "jobs_" in each["sql"] or "notice" in each["sql"]]
        assert len(about) == 1
