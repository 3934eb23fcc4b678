"""The list of jobs: what it says, how it is narrowed, what is done from it, and by whom."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jobs import saving
from jobs.models import (
    Ending,
    Episode,
    Job,
    JobExecution,
    JobPause,
    Mode,
    Outcome,
    Standing,
    Trigger,
)
from jobs.selection import Selection
from platforms.audit import Actor
from platforms.models import AuditEntry, Platform, User
from tests import factories
from tests.conftest import ClientOf
from tests.jobs.world import make_job

LIST = reverse("admin:jobs_job_changelist")


def acted(job: Job, name: str, outcome: Outcome, hours: int = 1) -> JobExecution:
    """Store what a job did to a player."""
    player = factories.make_player(factories.make_exporter(job.platform), name=name)
    then = timezone.now() - timedelta(hours=hours)
    common: dict[str, Any] = {"platform": job.platform, "job": job, "player": player}
    episode = Episode.objects.create(
        **common, job_version=job.version, opened_at=then, closed=True, closed_at=then,
        ending=Ending.RECOVERED,
    )  # fmt: skip
    made: JobExecution = JobExecution.objects.create(
        **common, episode=episode, attempt=1, rung=0, mode=job.mode, standing=Standing.OVER,
        outcome=outcome, created_at=then,
    )  # fmt: skip
    return made


def chosen(*jobs: Job, action: str, **more: str) -> dict[str, Any]:
    return {"action": action, "_selected_action": [job.pk for job in jobs], **more}


def agreed(asked: Any) -> dict[str, Any]:
    """Return what the page that asks once more posts."""
    return {field.html_name: field.value() for field in asked.context["form"]}


def test_the_list_says_how_far_each_job_goes_what_it_sees_and_what_it_did(
    client_of: ClientOf, bob: User, platform_a: Platform
) -> None:
    job = make_job(platform_a, mode=Mode.LIVE)
    Job.objects.filter(pk=job.pk).update(figures={"firing": 3, "ok": 97, "pending": 0})
    acted(job, "Old LED", Outcome.INEFFECTIVE, hours=5)
    acted(job, "Hall LED", Outcome.VERIFIED)
    nightly = make_job(
        platform_a, own_name="Nightly", trigger=Trigger.SCHEDULE, conditions=(), cron="0 3 * * *"
    )
    make_job(platform_a, own_name="Switched off", enabled=False)
    text = client_of(bob).get(LIST).content.decode()
    for told in ("Monitoring all players → restart when", "live", "3 firing", "97 well", "Hall LED",
                 "it helped", "disabled"):  # fmt: skip
        assert told in text, told
    assert "0 pending" not in text
    assert "Old LED" not in text
    assert timezone.localtime(nightly.due_at).strftime("%H:%M") in text


def test_names_are_shown_searched_and_sorted_in_the_language_of_the_reader(
    client_of: ClientOf, bob: User, platform_a: Platform
) -> None:
    automatic = make_job(platform_a)
    Job.objects.filter(pk=automatic.pk).update(
        names={"en": "Monitoring all players", "ru": "Мониторинг всех плееров"}
    )
    make_job(platform_a, own_name="Ночной дозор", selection=Selection(platform_a.pk, whole=True))
    client = client_of(bob)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ru"
    assert "Мониторинг всех плееров" in client.get(LIST).content.decode()
    found = client.get(LIST, {"q": "всех"}).context["cl"].result_list
    assert [row.shown_name for row in found] == ["Мониторинг всех плееров"]


def test_a_thousand_jobs_take_as_many_queries_as_sixty(
    client_of: ClientOf, alice: User, platform_a: Platform
) -> None:
    first = make_job(platform_a)
    acted(first, "LED", Outcome.VERIFIED)
    client, counted = client_of(alice), []
    for wanted in (60, 1000):
        have = Job.objects.count()
        Job.objects.bulk_create(
            Job(platform=platform_a, name=f"Job {number}", figures={"ok": 5})
            for number in range(have, wanted)
        )
        client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(LIST)
        counted.append(len(queries))
    assert counted[0] == counted[1]
    assert counted[1] < 15
    assert len(answer.context["cl"].result_list) == 50


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, {"Watch", "Nightly", "Off"}),
        ({"q": "night"}, {"Nightly"}),
        ({"q": "lobby"}, {"Watch"}),
        ({"trigger__exact": "schedule"}, {"Nightly"}),
        ({"mode__exact": "live"}, {"Watch"}),
        ({"enabled__exact": "0"}, {"Off"}),
        ({"now": "firing"}, {"Watch"}),
        ({"now": "pending"}, set()),
        ({"now": "weather"}, {"Watch", "Nightly", "Off"}),
    ],
)
def test_the_list_is_narrowed(
    client_of: ClientOf,
    alice: User,
    platform_a: Platform,
    query: dict[str, str],
    wanted: set[str],
) -> None:
    watch = make_job(platform_a, own_name="Watch", mode=Mode.LIVE, description="The lobby")
    Job.objects.filter(pk=watch.pk).update(figures={"firing": 1, "pending": 0})
    make_job(
        platform_a, own_name="Nightly", trigger=Trigger.SCHEDULE, conditions=(), cron="0 3 * * *"
    )
    make_job(platform_a, own_name="Off", enabled=False)
    gone = make_job(platform_a, own_name="Gone")
    Job.objects.filter(pk=gone.pk).update(removed_at=timezone.now(), enabled=False)
    rows = client_of(alice).get(LIST, query).context["cl"].result_list
    assert {row.name for row in rows} == wanted


def test_many_are_disabled_enabled_and_copied_at_once(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    jobs = [make_job(platform_a, own_name=name, mode=Mode.LIVE) for name in ("One", "Two")]
    client = client_of(mona)
    client.post(LIST, chosen(*jobs, action="disable"))
    assert set(Job.objects.values_list("enabled", flat=True)) == {False}
    asked = client.post(LIST, chosen(jobs[0], action="enable"))
    client.post(LIST, agreed(asked))
    assert list(Job.objects.filter(enabled=True)) == [jobs[0]]
    client.post(LIST, chosen(*jobs, action="copy"))
    copies = Job.objects.exclude(pk__in=[job.pk for job in jobs])
    assert {(job.name, job.mode) for job in copies} == {
        ("One (copy)", "shadow"), ("Two (copy)", "shadow")
    }  # fmt: skip
    assert AuditEntry.objects.filter(actor=mona).count() == 5


def test_letting_jobs_act_and_removing_them_ask_once_more(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    job, client = make_job(platform_a, own_name="Watch"), client_of(mona)
    asked = client.post(LIST, chosen(job, action="live"))
    assert "Watch" in asked.content.decode()
    job.refresh_from_db()
    assert job.mode == Mode.SHADOW
    client.post(LIST, agreed(asked))
    job.refresh_from_db()
    assert job.mode == Mode.LIVE

    client.post(LIST, chosen(job, action="remove"))
    assert Job.objects.in_use().filter(pk=job.pk).exists()
    client.post(LIST, chosen(job, action="remove", confirmed="1"))
    assert not Job.objects.in_use().filter(pk=job.pk).exists()
    assert Job.objects.filter(pk=job.pk).exists()


def test_enabling_asks_once_more_where_some_act_by_themselves_then(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    live = make_job(platform_a, own_name="Live", mode=Mode.LIVE, enabled=False)
    shadow = make_job(platform_a, own_name="Shadow", enabled=False)
    client = client_of(mona)
    asked = client.post(LIST, chosen(live, shadow, action="enable"))
    assert asked.context["text"].endswith(": Live")
    assert not Job.objects.filter(enabled=True).exists()
    client.post(LIST, agreed(asked))
    assert Job.objects.filter(enabled=True).count() == 2

    client.post(LIST, chosen(shadow, action="disable"))
    client.post(LIST, chosen(live, shadow, action="enable"))
    assert Job.objects.filter(enabled=True).count() == 2, "one that acts already is no news"


@pytest.mark.parametrize("action", ["enable", "live"])
def test_what_changed_after_the_question_is_left_as_it_is(
    client_of: ClientOf, mona: User, alice: User, platform_a: Platform, action: str
) -> None:
    modes = Mode.LIVE if action == "enable" else Mode.SHADOW
    jobs = [
        make_job(platform_a, own_name=name, mode=modes, enabled=action == "live")
        for name in ("One", "Two")
    ]
    asked = client_of(mona).post(LIST, chosen(*jobs, action=action))
    saving.change(jobs[:1], Actor("Alice", "admin", alice.pk), attempts=9)
    before = Job.objects.values().get(pk=jobs[0].pk)
    told = client_of(mona).post(LIST, agreed(asked), follow=True).context["messages"]
    assert "Alice changed this job" in " ".join(map(str, told))
    assert Job.objects.values().get(pk=jobs[0].pk) == before
    assert Job.objects.filter(pk=jobs[1].pk, enabled=True, mode=Mode.LIVE).exists()
    for seen in ("", "x", "1-", f"{jobs[0].pk}-{'9' * 5000}", f"{'9' * 5000}-1", f"{jobs[0].pk}-²"):
        again = chosen(jobs[0], action=action, confirmed="1", seen=seen)
        assert client_of(mona).post(LIST, again).status_code == 302
        assert Job.objects.values().get(pk=jobs[0].pk) == before, "of no state at all"


def test_a_confirmed_stop_never_enables_and_needs_no_revision(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    job, client = make_job(platform_a, own_name="Watch", mode=Mode.LIVE), client_of(mona)
    page = reverse("admin:jobs_job_switch_one", args=[job.pk])
    asked = client.get(page)
    assert "Disable this job?" in asked.content.decode()
    saving.change([job], Actor("Mona", "admin", mona.pk), attempts=9)
    for _click in range(2):
        client.post(page, agreed(asked))
        assert not Job.objects.get().enabled
    back = client.get(page)
    saving.change([Job.objects.get()], Actor("Mona", "admin", mona.pk), attempts=8)
    assert "changed this job" in client.post(page, agreed(back), follow=True).content.decode()
    assert client.post(page, {"enabled": "True"}).status_code == 200, "it asks"
    assert not Job.objects.get().enabled
    client.post(page, agreed(client.get(page)))
    assert Job.objects.get().enabled


def test_many_are_paused_at_once_with_a_reason_and_an_end(
    client_of: ClientOf, mona: User, platform_a: Platform, platform_b: Platform
) -> None:
    jobs = [make_job(platform_a, own_name=name) for name in ("One", "Two")]
    theirs = make_job(platform_b, own_name="Theirs")
    client = client_of(mona)
    asked = client.post(LIST, chosen(*jobs, theirs, action="pause"))
    assert asked.context["text"].endswith(": One, Two")
    form = {field.html_name: field.value() for field in asked.context["form"] if field.is_hidden}
    past = {"reason": "New panels", "expires_at": "2020-01-01T12:00"}
    for wrong in ({"reason": " "}, past):
        refused = client.post(LIST, {**form, **wrong})
        assert refused.context["form"].errors, wrong
    assert not JobPause.objects.exists()

    later = {**past, "expires_at": "2099-01-01T12:00"}
    told = client.post(LIST, {**form, **later}, follow=True).context["messages"]
    assert [str(each) for each in told] == ["2 jobs are paused."]
    assert {pause.job for pause in JobPause.objects.filter(reason="New panels")} == set(jobs)
    assert AuditEntry.objects.filter(actor=mona, target_type="jobs.jobpause").count() == 2


def test_what_cannot_be_stored_any_more_is_left_as_it_is_and_says_why(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    sound, odd = make_job(platform_a, own_name="Sound"), make_job(platform_a, own_name="Odd")
    Job.objects.filter(pk=odd.pk).update(attempts=90)
    answer = client_of(mona).post(LIST, chosen(sound, odd, action="approve"), follow=True)
    told = [str(each) for each in answer.context["messages"]]
    assert told == ["Odd was left as it is: Enter a number from 1 to 20.", "1 job was changed."]


@pytest.mark.parametrize("action", ["disable", "live", "copy", "remove"])
def test_viewers_users_and_strangers_do_nothing_to_jobs(
    client_of: ClientOf,
    bob: User,
    ursula: User,
    charlie: User,
    platform_a: Platform,
    action: str,
) -> None:
    job = make_job(platform_a)
    before = Job.objects.values().get()
    lines = AuditEntry.objects.count()
    for person in (bob, ursula, charlie):
        client_of(person).post(LIST, chosen(job, action=action, confirmed="1"))
        for deed in ("copy", "switch", "remove"):
            page = reverse(f"admin:jobs_job_{deed}_one", args=[job.pk])
            assert client_of(person).post(page).status_code in (403, 404), deed
    assert Job.objects.values().get() == before
    assert AuditEntry.objects.count() == lines


def test_one_job_is_copied_switched_and_removed_on_its_own_pages(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    job, client = make_job(platform_a, own_name="Watch", mode=Mode.LIVE), client_of(mona)
    for deed in ("copy", "switch", "remove"):
        page = reverse(f"admin:jobs_job_{deed}_one", args=[job.pk])
        assert client.get(page).status_code == 200
    assert Job.objects.filter(enabled=True).get() == job
    client.post(reverse("admin:jobs_job_copy_one", args=[job.pk]))
    assert Job.objects.exclude(pk=job.pk).get().mode == Mode.SHADOW
    client.post(reverse("admin:jobs_job_switch_one", args=[job.pk]))
    job.refresh_from_db()
    assert not job.enabled
    client.post(reverse("admin:jobs_job_remove_one", args=[job.pk]))
    assert client.get(reverse("admin:jobs_job_change", args=[job.pk])).status_code == 404
