"""Pauses of jobs and maintenance windows over the API, the metrics, and a look before storing."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from devices import sockets
from jobs import synchronisation
from jobs.models import Job, JobPause, MaintenanceWindow
from platforms.audit import SYSTEM
from platforms.models import Platform, User
from tests import factories
from tests.conftest import ApiOf
from tests.devices.world import make_socket
from tests.exporters.watched_world import World
from tests.jobs.admin.test_job_look import seen_well
from tests.jobs.evaluated_world import source_lines, status_lines
from tests.jobs.world import STATUS, make_job, make_metric

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
API = "/api/v1"


@pytest.fixture
def job(platform_a: Platform) -> Job:
    return make_job(platform_a)


def window(platform: Platform, **fields: Any) -> dict[str, Any]:
    """Return a window of tomorrow."""
    begins = timezone.now() + timedelta(days=1)
    return {
        "platform_id": platform.pk,
        "name": "New cables",
        "starts_at": begins.isoformat(),
        "ends_at": (begins + timedelta(hours=2)).isoformat(),
        **fields,
    }


def test_a_pause_of_a_job_is_begun_read_and_lifted(api_of: ApiOf, mona: User, job: Job) -> None:
    client, address = api_of(mona), f"{API}/job-pauses"
    made = client.post(address, {"job_id": job.pk, "reason": "works"}, "json")
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["platform_id"], told["author"]) == (job.platform_id, mona.email)
    assert client.get(f"{address}?current=true&job_id={job.pk}").json()["results"] == [told]
    assert client.post(f"{address}/{told['id']}/lift").json()["lifted_at"]
    again = client.post(f"{address}/{told['id']}/lift")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "over")
    assert client.get(f"{address}?current=true").json()["count"] == 0


def test_who_pauses_a_job(api_of: ApiOf, ursula: User, bob: User, charlie: User, job: Job) -> None:
    pause = JobPause.objects.create(platform=job.platform, job=job, reason="works")
    for person, begins, lifts in ((ursula, 403, 403), (bob, 403, 403), (charlie, 400, 404)):
        client = api_of(person)
        made = client.post(f"{API}/job-pauses", {"job_id": job.pk, "reason": "works"}, "json")
        assert made.status_code == begins
        assert client.post(f"{API}/job-pauses/{pause.pk}/lift").status_code == lifts
    assert api_of(charlie).get(f"{API}/job-pauses").json()["count"] == 0
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()
    late = {"job_id": job.pk, "reason": "works", "expires_at": yesterday}
    refused = api_of(factories.make_user("su@example.test", is_superuser=True)).post(
        f"{API}/job-pauses", late, "json"
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "expired")


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Europe/Moscow"])
@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59", "9999-12-31T12:00:00Z", "9999-12-31T23:59:59-12:00"]
)
def test_a_job_is_not_paused_until_the_end_of_time(
    api_of: ApiOf, mona: User, job: Job, settings: Settings, moment: str, zone: str
) -> None:
    settings.TIME_ZONE = zone
    client, address = api_of(mona), f"{API}/job-pauses"
    body = {"job_id": job.pk, "reason": "works", "expires_at": moment}
    refused = client.post(address, body, "json")
    assert refused.status_code == 400, refused.content
    assert list(refused.json()["error"]["fields"]) == ["expires_at"]
    assert client.get(address).json()["count"] == 0


def test_a_moment_that_no_calendar_has_is_refused_at_its_field(
    api_of: ApiOf, mona: User, job: Job, settings: Settings
) -> None:
    client, early = api_of(mona), "0001-01-01T00:00:00"
    pause = {"job_id": job.pk, "reason": "works", "expires_at": early}
    refused = client.post(f"{API}/job-pauses", pause, "json")
    assert (refused.status_code, [*refused.json()["error"]["fields"]]) == (400, ["expires_at"])
    settings.TIME_ZONE = "America/New_York"
    for deed in ("", "/preview"):
        address = f"{API}/maintenance-windows{deed}"
        refused = client.post(address, window(job.platform, ends_at="9999-12-31T23:59:59"), "json")
        assert (refused.status_code, [*refused.json()["error"]["fields"]]) == (400, ["ends_at"])


def test_a_window_is_looked_at_planned_changed_and_taken_back(
    api_of: ApiOf, mona: User, job: Job
) -> None:
    client, address = api_of(mona), f"{API}/maintenance-windows"
    player = factories.make_player(factories.make_exporter(job.platform), name="Lobby")
    wish = window(job.platform, job_id=job.pk, weekly=True)
    seen = client.post(f"{address}/preview", wish, "json")
    assert seen.status_code == 200, seen.content
    covered = seen.json()
    assert (covered["players"], covered["jobs"], len(covered["periods"])) == (1, 1, 10)
    assert covered["some_players"] == [{"id": player.pk, "name": "Lobby"}]
    assert not MaintenanceWindow.objects.exists()
    told = client.post(address, wish, "json").json()
    assert (told["weekly"], told["job_id"], told["author"]) == (True, job.pk, mona.email)
    one = f"{address}/{told['id']}"
    assert client.get(f"{one}/preview").json() == covered
    changed = client.patch(one, {"name": "More cables", "job_id": None}, "json").json()
    assert (changed["name"], changed["job_id"]) == ("More cables", None)
    assert client.get(f"{address}?to_come=true").json()["results"] == [changed]
    assert client.post(f"{one}/cancel").json()["cancelled_at"]
    again = client.post(f"{one}/cancel")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "over")
    assert client.get(f"{address}?to_come=true").json()["count"] == 0


def test_windows_that_cannot_be_and_people_who_may_not(
    api_of: ApiOf, mona: User, ursula: User, charlie: User, job: Job, platform_b: Platform
) -> None:
    address = f"{API}/maintenance-windows"
    theirs = factories.make_site(platform_b)
    wish = window(job.platform)
    for fields, named in (
        ({"ends_at": wish["starts_at"]}, "ends_at"),
        ({"until": "2030-01-01"}, "until"),
        ({"name": ""}, "name"),
        ({"site_id": theirs.pk}, "site_id"),
        ({"starts_at": "2020-01-01T00:00Z", "ends_at": "2020-01-02T00:00Z"}, "ends_at"),
        ({"starts_at": "0701-01-01T00:00Z", "weekly": True}, "starts_at"),
        ({"ends_at": "9999-12-31T23:59Z"}, "ends_at"),
        ({"everything": True}, "everything"),
    ):
        for deed in (address, f"{address}/preview"):
            refused = api_of(mona).post(deed, {**wish, **fields}, "json")
            assert (refused.status_code, [*refused.json()["error"]["fields"]]) == (400, [named])
    row = MaintenanceWindow.objects.create(
        platform=job.platform,
        name="Cables",
        starts_at=timezone.now(),
        ends_at=timezone.now() + timedelta(hours=1),
    )
    for person, makes, changes in ((ursula, 403, 403), (charlie, 400, 404)):
        client = api_of(person)
        assert client.post(address, wish, "json").status_code == makes
        assert client.patch(f"{address}/{row.pk}", {"name": "x"}, "json").status_code == changes
        assert client.post(f"{address}/{row.pk}/cancel").status_code == changes
    for suffix in ("", "/preview"):
        foreign, nobody = (api_of(charlie).get(f"{address}/{pk}{suffix}") for pk in (row.pk, 10**9))
        assert (foreign.status_code, foreign.content) == (404, nobody.content)


def test_the_lists_cost_the_same_however_long_they_are(
    api_of: ApiOf, bob: User, job: Job, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    synchronisation.synchronise()
    now = timezone.now()
    for _turn in range(2):
        JobPause.objects.create(platform=job.platform, job=job, reason="works")
        MaintenanceWindow.objects.create(
            platform=job.platform, name="Cables", starts_at=now, ends_at=now + timedelta(hours=1)
        )
    client = api_of(bob)
    for what in ("job-pauses", "maintenance-windows", "metrics"):
        for size in (1, 2):
            with django_assert_num_queries(5):  # session, account, may I, count, rows
                told = client.get(f"{API}/{what}?page_size={size}").json()
            assert len(told["results"]) == size


def test_metrics_are_told_with_their_words_to_members_alone(
    api_of: ApiOf, bob: User, job: Job
) -> None:
    synchronisation.synchronise()
    (told,) = api_of(bob).get(f"{API}/metrics?search={STATUS}").json()["results"]
    assert (told["kind"], told["category"], told["unit"]) == ("cubic", "availability", "")
    assert {each["value"]: each["title"] for each in told["values"]} == {0: "Offline", 1: "Online"}
    assert api_of(bob).get(f"{API}/metrics/{told['id']}").json() == told
    assert api_of(bob).get(f"{API}/metrics?withdrawn=true").json()["count"] == 0
    stranger = factories.make_user("stranger@example.test")
    assert api_of(stranger).get(f"{API}/metrics").status_code == 403


def test_a_look_at_a_job_says_whom_it_covers_and_why_nothing_is_known(
    api_of: ApiOf, mona: User, job: Job, settings: Settings
) -> None:
    player = factories.make_player(factories.make_exporter(job.platform), name="Lobby")
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"  # where nobody listens
    wish = {
        "platform_id": job.platform_id,
        "selection": {"whole": True},
        "conditions": [{"metric": STATUS, "operator": "==", "threshold": 0}],
        "rungs": [],
    }
    told = api_of(mona).post(f"{API}/jobs/preview", wish, "json").json()
    assert (told["players"], told["with_socket"], told["bad"]) == (1, 0, None)
    assert told["why_unknown"] == "prometheus_away"
    (row,) = told["rows"]
    assert (row["player_id"], row["verdict"], row["line"]) == (player.pk, "unknown", None)
    assert Job.objects.count() == 1
    stored = api_of(mona).get(f"{API}/jobs/{job.pk}/preview").json()
    assert stored["rows"] == told["rows"]
    assert stored["forecast"] is None
    assert told["forecast"] is None


def test_a_look_at_a_job_says_what_would_become_of_those_that_are_bad(
    api_of: ApiOf, mona: User, platform_a: Platform, world: World
) -> None:
    """Four of six are offline; of five evaluation knows that they were well, two are on sockets."""
    exporter = factories.make_exporter(platform_a)
    players = [factories.make_player(exporter) for _each in range(6)]
    for player in players[:2]:
        sockets.bind(player, make_socket(platform_a).lines.get(), SYSTEM)
    make_metric("device_status", "", "")
    seen_well(platform_a, *players[:3], *players[4:])
    values = list(zip(players, (0, 0, 0, 0, 1, 1), strict=True))
    wish = {
        "platform_id": platform_a.pk,
        "selection": {"whole": True},
        "conditions": [{"metric": "device_status", "operator": "==", "threshold": 0}],
        "rungs": [{"action": "restart"}],
    }

    def foretold(*lines: str) -> Any:
        world.say([*lines, *status_lines(values)])
        answer = api_of(mona).post(f"{API}/jobs/preview", wish, "json").json()
        assert (answer["bad"], answer["bad_without_socket"]) == (4, 2)
        return answer["forecast"]

    left = {"fires_without_socket": 0, "new": 0, "bad_for_long": 0, "doubts": [], "held": None}
    assert foretold(*source_lines(exporter)) == {
        **left, "fires": 3, "fires_without_socket": 1, "new": 1,
        "held": {"players": 2, "domain": "platform", "why": "too_many", "bad": 3, "limit": 2},
    }  # fmt: skip
    assert foretold(*source_lines(exporter, up=0)) == {
        **left, "fires": 0, "doubts": [{"why": "source_down", "players": 4}],
    }  # fmt: skip
