"""What people say to jobs over the API: approve, decline, take over; and what they look at."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from devices.models import Assignment, Command
from jobs.models import Brake, Episode, JobExecution, Mode, Standing
from platforms.models import AuditEntry, Platform, User
from tests.conftest import ApiOf
from tests.factories import make_exporter
from tests.jobs.acting_world import NOON, Fleet, make_fleet

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
API = "/api/v1"


@pytest.fixture
def asking(platform_a: Platform) -> Iterator[Fleet]:
    """A job that has asked about two players."""
    fleet = make_fleet(platform_a, 30, 2, mode=Mode.APPROVE)
    fleet.fire(*fleet.players[:2])
    fleet.act()
    fleet.act(1)
    with time_machine.travel(fleet.now, tick=False):
        yield fleet


def proposals() -> list[JobExecution]:
    return list(JobExecution.objects.filter(standing=Standing.PROPOSED).order_by("pk"))


def test_who_waits_is_listed_with_the_evidence_and_approved(
    asking: Fleet, api_of: ApiOf, mona: User
) -> None:
    client, (first, second) = api_of(mona), proposals()
    listed = client.get(f"{API}/approvals?job_id={asking.job.pk}").json()["results"]
    assert [each["id"] for each in listed] == [first.pk, second.pk]
    assert (listed[0]["sent"], listed[0]["segments"]) == ("#12#0#1#1#", 1)
    shut = [each for each in listed[0]["gates"] if not each["open"]]
    assert [each["gate"] for each in shut] == ["approval"]
    assert shut[0]["message"]
    said = client.post(f"{API}/approvals/{first.pk}/approve", {"comment": "go"}, "json")
    assert said.status_code == 200, said.content
    told = said.json()
    assert (told["standing"], told["decided_by"], told["comment"]) == ("proposed", mona.email, "go")
    assert [each["id"] for each in client.get(f"{API}/approvals").json()["results"]] == [second.pk]
    assert not Command.objects.exists()
    asking.act(1)
    assert Command.objects.get().execution == first


def test_the_same_said_again_is_the_same_and_another_word_comes_too_late(
    asking: Fleet, api_of: ApiOf, mona: User, alice: User
) -> None:
    (first, second) = proposals()
    for row, deed, other in ((first, "approve", "decline"), (second, "decline", "approve")):
        address = f"{API}/approvals/{row.pk}"
        once, again = (api_of(mona).post(f"{address}/{deed}") for _turn in range(2))
        assert (once.status_code, again.status_code) == (200, 200)
        assert once.json() == again.json()
        if deed == "approve":
            late = api_of(alice).post(f"{address}/{deed}")
            assert (late.status_code, late.json()["error"]["code"]) == (409, "over")
            assert api_of(alice).post(f"{address}/{other}").status_code == 200  # it is not done yet
            assert api_of(mona).post(f"{address}/{deed}").status_code == 409
        else:
            late = api_of(mona).post(f"{address}/{other}")
            assert (late.status_code, late.json()["error"]["code"]) == (409, "over")
    assert AuditEntry.objects.filter(target_type="jobs.jobexecution").count() == 3


def test_many_are_decided_at_once_and_what_does_not_count_stops_no_other(
    asking: Fleet, api_of: ApiOf, mona: User, ursula: User
) -> None:
    (first, second) = proposals()
    body = {"ids": [first.pk, 10**9, second.pk], "decision": "approve", "comment": "both"}
    assert first.device is not None
    Assignment.objects.create(platform=asking.platform, user=ursula, device=first.device)
    told = api_of(ursula).post(f"{API}/approvals/decide", body, "json").json()
    assert told["counts"] == {"decided": 1, "refused": 2}
    assert [each["code"] for each in told["lines"]] == ["", "not_found", "role"]
    told = api_of(mona).post(f"{API}/approvals/decide", body, "json").json()
    assert [each["code"] for each in told["lines"]] == ["over", "not_found", ""]
    assert {row.decided_name for row in proposals()} == {ursula.email, mona.email}
    wrong: dict[str, Any]
    for wrong in ({"ids": []}, {"decision": "perhaps"}, {"ids": ["x"]}, {"all": True}):
        refused = api_of(mona).post(f"{API}/approvals/decide", {**body, **wrong}, "json")
        assert refused.status_code == 400


def test_an_episode_is_taken_over_once(
    asking: Fleet, api_of: ApiOf, mona: User, alice: User
) -> None:
    episode = Episode.objects.earliest("pk")
    address = f"{API}/episodes/{episode.pk}"
    said = [
        api_of(mona).post(f"{address}/acknowledge", {"comment": "I go there"}, "json")
        for _turn in range(2)
    ]
    assert [each.status_code for each in said] == [200, 200]
    assert said[0].json() == said[1].json()
    told = said[0].json()
    assert (told["acknowledged_by"], told["comment"]) == (mona.email, "I go there")
    late = api_of(alice).post(f"{address}/acknowledge")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "over")
    assert len(proposals()) == 1


def test_rights_and_foreign_numbers(
    asking: Fleet, api_of: ApiOf, ursula: User, bob: User, charlie: User
) -> None:
    row, episode = proposals()[0], Episode.objects.earliest("pk")
    deeds = (
        f"approvals/{row.pk}/approve",
        f"approvals/{row.pk}/decline",
        f"episodes/{episode.pk}/acknowledge",
    )
    for person, status in ((ursula, 403), (bob, 403), (charlie, 404)):
        for deed in deeds:
            assert api_of(person).post(f"{API}/{deed}").status_code == status, (person, deed)
    brake = Brake.objects.filter(platform=asking.platform).earliest("pk")
    for what, pk in (("episodes", episode.pk), ("job-executions", row.pk), ("brakes", brake.pk)):
        assert api_of(bob).get(f"{API}/{what}/{pk}").status_code == 200
        foreign, nobody = (api_of(charlie).get(f"{API}/{what}/{each}") for each in (pk, 10**9))
        assert (foreign.status_code, foreign.content) == (404, nobody.content)
        assert api_of(charlie).get(f"{API}/{what}").json()["count"] == 0
    assert api_of(charlie).get(f"{API}/approvals").json()["count"] == 0
    assert len(proposals()) == 2


def test_lists_are_narrowed_and_cost_the_same_however_long_they_are(
    asking: Fleet, api_of: ApiOf, bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = Episode.objects.earliest("pk")
    Brake.objects.create(platform=asking.platform, exporter=make_exporter(asking.platform))
    client = api_of(bob)
    moment = NOON.isoformat().replace("+", "%2B")
    for query, count in (
        (f"episodes?job_id={asking.job.pk}&open=true", 2),
        (f"episodes?player_id={first.player_id}&acknowledged=false", 1),
        ("episodes?suppressed=approval", 2),
        ("episodes?suppressed=brake", 0),
        (f"episodes?since={moment}", 0),
        (f"job-executions?episode_id={first.pk}&standing=proposed&mode=approve", 1),
        ("job-executions?outcome=verified", 0),
        (f"job-executions?until={moment}", 0),
        (f"brakes?platform_id={asking.platform.pk}&engaged=false", 2),
        ("brakes?engaged=true", 0),
    ):
        answer = client.get(f"{API}/{query}")
        assert (answer.status_code, answer.json().get("count")) == (200, count), query
    for what in ("episodes", "job-executions"):
        for query in ("since=0001-01-01T00:00:00", "until=9999-12-31T23:59:59-12:00"):
            assert client.get(f"{API}/{what}?{query}").status_code == 400, (what, query)
    # session, account, may I, count, rows; phones for what was sent
    costs = {"episodes": 5, "job-executions": 6, "approvals": 6, "brakes": 5}
    for what, queries in costs.items():
        with django_assert_num_queries(queries):
            few = client.get(f"{API}/{what}?page_size=1").json()["results"]
        with django_assert_num_queries(queries):
            assert len(client.get(f"{API}/{what}").json()["results"]) > len(few)


def test_one_episode_tells_what_held_it_back(asking: Fleet, api_of: ApiOf, bob: User) -> None:
    told = api_of(bob).get(f"{API}/episodes/{Episode.objects.earliest('pk').pk}").json()
    assert (told["open"], told["suppressed"]) == (True, "approval")
    assert told["message"] == "It waits for somebody who approves it."
    assert told["verdicts"][-1]["message"] == told["message"]
