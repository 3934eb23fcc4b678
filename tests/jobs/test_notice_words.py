"""What notices of jobs say, in the language of whoever reads them."""

from datetime import datetime, timedelta

import pytest
from django.utils import translation

from devices.models import CommandTemplate
from exporters.models import Exporter
from jobs import schedules
from jobs.models import Action, Job, JobExecution, Mode, Outcome, Rung, Trigger
from platforms import notice_texts
from platforms.models import Notice, Platform
from platforms.notice_kinds import Severity
from tests.exporters.watched_world import World
from tests.jobs import evaluated_world
from tests.jobs.acting_world import NOON, finish, make_fleet
from tests.jobs.evaluated_world import Slots
from tests.jobs.world import secretive

pytestmark = pytest.mark.django_db

NAMES = {"en": "Restart the hung", "ru": "Перезапуск зависших"}
RESTART = {"en": "Restart by power", "ru": "Перезагрузить по питанию"}


def told(kind: str) -> dict[str, str]:
    """Return the sentence of the only notice of a kind, by language."""
    notice = Notice.objects.get(kind=kind)
    found = {}
    for language in ("en", "ru"):
        with translation.override(language):
            found[language] = notice_texts.sentence(notice)
    return found


def test_a_bad_player_is_told_by_the_job_s_name_and_since_when_it_was_bad(
    world: World, exporter_a: Exporter
) -> None:
    fleet, slots = evaluated_world.Fleet(exporter_a, 5, mode=Mode.APPROVE), Slots()
    named = Job.objects.get(pk=fleet.job.pk).names
    assert named["en"] != named["ru"]
    fleet.say(world)
    slots.next()
    fleet.say(world, p0=0)
    slots.next()
    bad_since = slots.now
    slots.next()
    notice = Notice.objects.get(kind="opened")
    assert notice.at == bad_since + timedelta(seconds=30)
    player = fleet.players[0]
    with translation.override("en"):
        since = notice_texts.moment(bad_since, fleet.job.platform.time_zone)
        assert notice_texts.sentence(notice) == (
            f"{player}: what “{named['en']}” watches for has held since {since}."
        )
    told_since = datetime.fromisoformat(notice.facts["since"])
    assert abs(told_since - bad_since) < timedelta(milliseconds=1)
    assert f"«{named['ru']}»" in told("opened")["ru"]
    fleet.say(world, p0=1)
    slots.next()
    slots.next()
    assert told("recovered") == {
        "en": f"{player} is well again under “{named['en']}”.",
        "ru": f"{player}: снова в порядке по «{named['ru']}».",
    }


def test_a_command_is_told_by_its_title_and_an_end_by_the_job_s_name(platform_a: Platform) -> None:
    fleet = make_fleet(platform_a, 30, attempts=1, names=NAMES)
    player = fleet.players[0]
    fleet.fire(player)
    assert fleet.act() == 1
    assert told("acted") == {
        "en": f"{player}: “{NAMES['en']}” sends “{RESTART['en']}”, attempt 1 of 1.",
        "ru": f"{player}: «{NAMES['ru']}» отправляет «{RESTART['ru']}», попытка 1 из 1.",
    }
    finish(JobExecution.objects.get(), Outcome.INEFFECTIVE, fleet.now)
    fleet.act(60)
    assert f"“{NAMES['en']}”" in told("exhausted")["en"]
    assert f"«{NAMES['ru']}»" in told("exhausted")["ru"]


def test_an_action_that_waits_is_told_by_the_titles_of_a_platform_s_own_template(
    platform_a: Platform,
) -> None:
    fleet = make_fleet(platform_a, 30, mode=Mode.APPROVE, names=NAMES)
    own = secretive(platform_a)
    CommandTemplate.objects.filter(pk=own.pk).update(
        definition={
            **(own.definition or {}),
            "name": {"en": "Off and on", "ru": "Выкл-вкл"},
            "code": "#12#0#1#1#",
            "parameters": [],
        }
    )
    Rung.objects.update(action=Action.TEMPLATE, template=own)
    fleet.fire(fleet.players[0])
    fleet.act()
    assert "“Restart the hung” asks whether to send “Off and on”" in told("approval")["en"]
    assert all(each in told("approval")["ru"] for each in ("«Перезапуск зависших»", "«Выкл-вкл»"))


def test_a_name_that_a_person_gave_is_the_same_in_every_language(platform_a: Platform) -> None:
    fleet = make_fleet(platform_a, 30, name="Ночной дозор", names={})
    fleet.fire(fleet.players[0])
    fleet.act()
    assert all("Ночной дозор" in text for text in told("acted").values())


def test_missed_runs_are_told_by_the_name_of_the_schedule(exporter_a: Exporter) -> None:
    Job.objects.create(
        platform_id=exporter_a.platform_id,
        name=NAMES["en"],
        names=NAMES,
        trigger=Trigger.SCHEDULE,
        cron="0 3 * * *",
        due_at=NOON - timedelta(hours=9),
        mode=Mode.LIVE,
    )
    schedules.open_due(NOON)
    assert told("schedule_missed")["en"].startswith(f"“{NAMES['en']}” missed 1 run")
    assert f"«{NAMES['ru']}»" in told("schedule_missed")["ru"]


@pytest.mark.parametrize(
    ("kind", "facts", "said"),
    [
        (
            "acted",
            {"job": "Job 1", "command": "power_cycle", "attempt": 1, "of": 3},
            {
                "en": "Lobby: “Job 1” sends “power_cycle”, attempt 1 of 3.",
                "ru": "Lobby: «Job 1» отправляет «power_cycle», попытка 1 из 3.",
            },
        ),
        (
            "recovered",
            {"job": "Job 1", "since": "2026-11-22T12:00:00Z"},
            {
                "en": "Lobby is well again under “Job 1”.",
                "ru": "Lobby: снова в порядке по «Job 1».",
            },
        ),
    ],
)
def test_what_an_older_release_told_reads_as_before(
    kind: str, facts: dict[str, object], said: dict[str, str], platform_a: Platform
) -> None:
    Notice.objects.create(
        platform=platform_a,
        kind=kind,
        severity=Severity.INFO,
        about_name="Lobby",
        facts=facts,
        at=NOON,
        ended_at=NOON,
    )
    assert told(kind) == said


def test_missed_runs_that_an_older_release_told_are_those_of_what_they_are_about(
    platform_a: Platform,
) -> None:
    Notice.objects.create(
        platform=platform_a,
        kind="schedule_missed",
        severity=Severity.WARNING,
        about_name="At night",
        facts={"missed": 2, "due": NOON.isoformat(), "next": NOON.isoformat()},
        at=NOON,
        ended_at=NOON,
    )
    assert told("schedule_missed")["en"].startswith("“At night” missed 2 runs")
