"""Approvals as pages: the evidence, one word about many, who has a say, and nothing twice."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices.models import Assignment, Command
from jobs import acting
from jobs.models import Episode, JobExecution, Mode, Standing
from platforms.models import Platform, User
from tests import factories
from tests.conftest import ClientOf
from tests.jobs.acting_world import Fleet, make_fleet

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:jobs_jobexecution_approvals")


@pytest.fixture
def asking(platform_a: Platform) -> Fleet:
    """Three proposals of this moment."""
    fleet = make_fleet(platform_a, 26, 3, mode=Mode.APPROVE)
    fleet.tick(timezone.now())
    fleet.fire(*fleet.players[:3])
    acting.act(fleet.now)
    return fleet


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return unescape(str(answer.content.decode()))


def proposals() -> list[JobExecution]:
    return list(JobExecution.objects.filter(standing=Standing.PROPOSED).order_by("pk"))


def one(name: str, row: JobExecution) -> str:
    return reverse(f"admin:jobs_jobexecution_{name}", args=[row.pk])


def say(client: Any, word: str, *rows: JobExecution, comment: str = "") -> str:
    chosen = {"chosen": [row.pk for row in rows], "decide": word, "comment": comment}
    return text(client.post(PAGE, chosen, follow=True))


def test_each_proposal_stands_there_with_its_evidence(
    asking: Fleet, bob: User, client_of: ClientOf
) -> None:
    other = factories.make_player(asking.exporter, name="Till")
    asking.hang(other, asking.sockets[asking.players[0].pk])
    answer = client_of(bob).get(PAGE)
    page = text(answer)
    for row in proposals():
        assert one("change", row) in page
    for part in ("Offline", "Status is Offline", "for 10 min", "#12#0#1#1#", "1 SMS", "Till",
                 "nobody else", "59 min", str(asking.job)):  # fmt: skip
        assert part in page, part
    assert 'type="checkbox" name="chosen"' not in page
    assert "others decide about this one" in page


def test_one_word_decides_about_many_and_each_is_decided_once(
    asking: Fleet, mona: User, alice: User, client_of: ClientOf
) -> None:
    first, second, third = proposals()
    client = client_of(mona)
    assert "2 actions approved." in say(client, "approve", first, second, comment="go")
    for row in (first, second):
        row.refresh_from_db()
        assert (row.decided_name, row.comment) == (mona.email, "go")
    assert not Command.objects.exists()
    page = say(client_of(alice), "approve", first, third)
    assert "1 action approved." in page
    assert f"{first.player}: This is decided already" in page
    first.refresh_from_db()
    assert first.decided_name == mona.email
    assert "approved by" in page
    acting.act(fleet_now := timezone.now())
    commands = Command.objects.count()
    assert commands > 0
    assert "decided already" in say(client, "decline", first)
    acting.act(fleet_now)
    assert Command.objects.filter(execution=first).count() == 1


def test_declining_takes_them_off_the_list(asking: Fleet, mona: User, client_of: ClientOf) -> None:
    client, rows = client_of(mona), proposals()
    assert "3 actions declined." in say(client, "decline", *rows, comment="cleaners are in")
    assert "Nothing waits for your word" in text(client.get(PAGE))
    assert {row.comment for row in JobExecution.objects.all()} == {"cleaners are in"}


def test_a_word_that_is_none_decides_nothing(
    asking: Fleet, mona: User, client_of: ClientOf
) -> None:
    client, rows = client_of(mona), proposals()
    assert "Choose what you decide about." in say(client, "approve")
    say(client, "perhaps", *rows)
    assert "1001 characters" not in say(client, "approve", *rows, comment="x" * 1001)
    assert client.post(PAGE, {"chosen": "1; drop", "decide": "approve"}).status_code == 302
    assert [row.decided_at for row in proposals()] == [None] * 3


def test_who_decides(
    asking: Fleet, ursula: User, bob: User, charlie: User, client_of: ClientOf
) -> None:
    row, other, _third = proposals()
    assert "Nothing waits for your word" in text(client_of(charlie).get(PAGE))
    assert "Choose what you decide about." in say(client_of(charlie), "approve", row)
    for nobody in (ursula, bob):
        assert "role does not allow" in say(client_of(nobody), "approve", row)
        for name in ("approve", "decline"):
            assert client_of(nobody).get(one(name, row)).status_code == 403
            assert client_of(nobody).post(one(name, row)).status_code == 403
    assert row.device is not None
    Assignment.objects.create(platform=asking.platform, user=ursula, device=row.device)
    assert text(client_of(ursula).get(PAGE)).count('name="chosen"') == 1
    page = say(client_of(ursula), "approve", row, other)
    assert "1 action approved." in page
    assert "role does not allow" in page
    stranger = factories.make_user("stranger@example.test")
    assert client_of(stranger).get(PAGE).status_code in (302, 403)
    other.refresh_from_db()
    assert other.decided_at is None


def test_one_is_approved_on_its_own_page_after_a_question(
    asking: Fleet, mona: User, client_of: ClientOf
) -> None:
    row, other, _third = proposals()
    client = client_of(mona)
    assert one("approve", row) in text(client.get(one("change", row)))
    assert str(row.player) in text(client.get(one("approve", row)))
    assert proposals()[0].decided_at is None
    assert client.post(one("approve", row), {"comment": "go"}).status_code == 302
    assert "decided already" in text(client.post(one("approve", row), follow=True))
    client.post(one("decline", other), {"comment": "no"})
    assert JobExecution.objects.get(pk=row.pk).comment == "go"
    assert JobExecution.objects.get(pk=other.pk).standing == Standing.DECLINED


def test_what_is_too_late_is_not_offered(asking: Fleet, mona: User, client_of: ClientOf) -> None:
    row = proposals()[0]
    over = timezone.now() - timedelta(seconds=1)
    JobExecution.objects.filter(pk=row.pk).update(expires_at=over)
    client = client_of(mona)
    assert one("change", row) not in text(client.get(PAGE))
    assert "its time is over" in say(client, "approve", row)


def test_the_page_is_cut_and_costs_the_same_however_many_wait(
    asking: Fleet, ursula: User, client_of: ClientOf
) -> None:
    client = client_of(ursula)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            text(client.get(PAGE))
        return len(queries)

    before = asked()
    template = proposals()[0]
    for number, player in enumerate(asking.players[3:]):
        episode = Episode.objects.create(
            platform=asking.platform, job=asking.job, job_version=1, player=player,
            opened_at=asking.now,
        )  # fmt: skip
        JobExecution.objects.create(
            platform=asking.platform, episode=episode, job=asking.job, player=player, attempt=1,
            rung=0, mode=Mode.APPROVE, standing=Standing.PROPOSED, device=template.device,
            gates=template.gates, sent="#12#", segments=1, created_at=asking.now,
            condition=template.condition, expires_at=asking.now + timedelta(hours=2 + number),
        )  # fmt: skip
    assert asked() == before
    assert len(client.get(PAGE).context["rows"]) == 25
    assert len(client.get(f"{PAGE}?p=2").context["rows"]) == 1
    assert len(client.get(f"{PAGE}?p=rubbish").context["rows"]) == 25
