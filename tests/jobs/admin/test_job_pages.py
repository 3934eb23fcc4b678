"""The form of a job: what is typed is stored, what is wrong is said where it can be mended."""

from datetime import time
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from devices import synchronisation
from devices.models import CommandTemplate
from jobs import definition, definition_checks, saving
from jobs.conditions import Condition, Function, Operator
from jobs.definition import Definition, Step
from jobs.form_parts import Ground, RowForm, RowsPart
from jobs.forms_of_jobs import JobForm
from jobs.hours import Span
from jobs.models import Action, Job, Joined, Mode, Trigger
from jobs.selection import Selection
from platforms.audit import Actor
from platforms.models import AuditEntry, Platform, User
from platforms.notice_kinds import Severity
from platforms.roles import Role
from tests.conftest import ClientOf
from tests.factories import make_exporter, make_platform, make_player, make_site
from tests.jobs.admin.typed import posted
from tests.jobs.world import OFFLINE, STATUS, make_job, make_metric, secretive

ADD = reverse("admin:jobs_job_add")
HALF = Condition(STATUS, Function.AVG, 600, Operator.LESS, 0.5)
OFTEN = Condition(STATUS, Function.CHANGES, 3600, Operator.AT_LEAST, 7.0)
RAW = 'remosa_exporter_cubic_device_status{platform_id="$platform"} == 0'


@pytest.fixture(autouse=True)
def metrics(db: None) -> None:
    make_metric()
    make_metric("device_status", "", "")


def page(job: Job) -> str:
    return reverse("admin:jobs_job_change", args=[job.pk])


def template(key: str, model: str = "simpal_d210", **fields: Any) -> CommandTemplate:
    synchronisation.synchronise()
    rows = CommandTemplate.objects.filter(model__key=model, key=key)
    rows.update(**fields)
    found: CommandTemplate = rows.get()
    return found


def shown(client: Client, address: str) -> JobForm:
    answer = client.get(address)
    assert answer.status_code == 200
    form: JobForm = answer.context["form"]
    return form


def told(answer: Any) -> dict[str, list[str]]:
    """Return what the page says is wrong, by the name of the field."""
    assert answer.status_code == 200, "it was stored"
    return said(answer.context["form"])


def said(form: JobForm) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in form.counted():
        forms = part.kept if isinstance(part, RowsPart) else [part]
        if isinstance(part, RowsPart) and part.told:
            found[part.name] = part.told
        for each in forms:
            for field, errors in each.errors.items():
                found[each.add_prefix(field)] = [str(error) for error in errors]
    return found


def save(client: Client, address: str, **changes: Any) -> Any:
    return client.post(address, {**posted(shown(client, address)), "_save": "1", **changes})


# -- what is typed is stored --------------------------------------------------------------------


def everything(platform: Platform) -> dict[str, dict[str, Any]]:
    exporter = make_exporter(platform)
    site, player = make_site(platform), make_player(exporter)
    cycle = template("power_cycle", for_jobs=True)
    return {
        "whole": {},
        "named": {
            "selection": Selection(
                platform.pk,
                exporters=frozenset({exporter.pk}),
                sites=frozenset({site.pk}),
                players=frozenset({player.pk}),
            )
        },
        "conditions": {
            "conditions": (OFFLINE, HALF, OFTEN),
            "joined": Joined.ANY,
            "hold": 90,
            "recover": 3600,
        },
        "schedule": {
            "trigger": Trigger.SCHEDULE,
            "conditions": (),
            "cron": "30 4 * * MON-FRI",
            "time_zone": "Asia/Vladivostok",
        },
        "ladder": {
            "rungs": (
                Step(wait=300),
                Step(Action.TEMPLATE, cycle.pk, {"minutes": "2"}, 900),
                Step(wait=3600),
            )
        },
        "nothing is sent": {"rungs": ()},
        "hours": {
            "hours": (
                Span(0, time(9), time(18)),
                Span(1, time(9), time(18)),
                Span(5, time(22), time(2, 30)),
            )
        },
        "seconds": {
            "hours": (
                Span(0, time(0), time(23, 59, 59)),
                Span(3, time(8), time(8, 0, 50)),
            )
        },
        "limits": {
            "cooldown": 86_400,
            "attempts": 7,
            "boot_grace": 0,
            "approval_time": 300,
            "beside": True,
            "severity": Severity.CRITICAL,
            "notify": False,
        },
        "about": {
            "own_name": "Ночной дозор",
            "description": "Two\r\nlines",
            "mode": Mode.APPROVE,
            "enabled": False,
        },
        "long": {"description": "x" * 9_000 + " \n"},
    }  # fmt: skip


def test_a_page_that_is_saved_untouched_stores_what_was_there(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    client, lines = client_of(mona), 0
    for name, values in everything(platform_a).items():
        job = make_job(platform_a, **{"own_name": name, **values})
        before, lines = definition.of(job), AuditEntry.objects.count()
        answer = save(client, page(job))
        assert answer.status_code == 302, (name, told(answer))
        assert definition.of(job) == before, name
        assert AuditEntry.objects.count() == lines, name
        job.refresh_from_db()
        assert job.version == 1, name


def test_a_new_job_restarts_what_is_offline_and_begins_in_shadow(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    client = client_of(mona)
    assert told(save(client, ADD)) == {
        "reach": ["Choose what the job watches: it never watches everything by itself."]
    }
    assert save(client, ADD, reach="whole").status_code == 302
    made = definition.of(Job.objects.get())
    assert made == Definition(
        platform=platform_a,
        selection=Selection(platform_a.pk, whole=True),
        conditions=(Condition("device_status", Function.LAST, 0, Operator.EQUAL, 0.0),),
    )
    assert AuditEntry.objects.get().actor == mona.email


def test_every_part_is_changed_by_what_is_typed(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    job, client = make_job(platform_a), client_of(mona)
    player = make_player(make_exporter(platform_a))
    typed = {
        "reach": "named",
        "players": [player.pk],
        "conditions-TOTAL_FORMS": "2",
        "conditions-0-operator": "!=",
        "conditions-0-threshold": "ОНЛАЙН",
        "conditions-1-metric": STATUS,
        "conditions-1-function": "avg",
        "conditions-1-window_number": "2",
        "conditions-1-window_unit": "3600",
        "conditions-1-operator": "<",
        "conditions-1-threshold": "0,25",
        "hold_number": "10",
        "cooldown_number": "2",
        "cooldown_unit": "86400",
        "hours-TOTAL_FORMS": "1",
        "hours-0-days": ["0", "6"],
        "hours-0-opens": "08:00",
        "hours-0-closes": "20:15",
        "own_name": "Lobby",
        "severity": str(Severity.CRITICAL.value),
    }
    answer = save(client, page(job), **typed)
    assert answer.status_code == 302, told(answer)
    job.refresh_from_db()
    made = definition.of(job)
    assert made.selection == Selection(platform_a.pk, players=frozenset({player.pk}))
    assert made.conditions == (
        Condition(STATUS, Function.LAST, 0, Operator.UNEQUAL, 1.0),
        Condition(STATUS, Function.AVG, 7200, Operator.LESS, 0.25),
    )
    assert (made.hold, made.cooldown, made.severity) == (600, 172_800, Severity.CRITICAL)
    assert made.hours == (Span(0, time(8), time(20, 15)), Span(6, time(8), time(20, 15)))
    assert (job.name, job.version) == ("Lobby", 2)


def test_a_rule_becomes_a_schedule_and_keeps_nothing_of_its_conditions(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    job, client = make_job(platform_a), client_of(mona)
    typed = {"trigger": "schedule", "cron": "0 3 * * sun", "conditions-0-threshold": "nonsense"}
    assert save(client, page(job), **typed).status_code == 302
    made = definition.of(job)
    assert (made.trigger, made.conditions, made.cron) == (Trigger.SCHEDULE, (), "0 3 * * SUN")
    assert save(client, page(job), trigger="rule").status_code == 200, "a rule needs conditions"


def hours_of(form: JobForm) -> list[RowForm]:
    part = form["hours"]
    assert isinstance(part, RowsPart)
    return part.kept


def test_hours_are_asked_for_with_seconds_where_they_have_some(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    job, client = make_job(platform_a, hours=(Span(0, time(8), time(8, 0, 50)),)), client_of(mona)
    (row,) = hours_of(shown(client, page(job)))
    assert 'step="1"' not in str(row["opens"])
    assert 'step="1"' in str(row["closes"])
    look = posted(shown(client, page(job))) | {"hours-0-opens": "07:00:30", "_look": "1"}
    (row,) = hours_of(client.post(page(job), look).context["form"])
    assert 'step="1"' in str(row["opens"])


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_description_is_as_long_as_elsewhere_however_a_browser_ends_its_lines(
    client_of: ClientOf, mona: User, platform_a: Platform, ends: str
) -> None:
    job, client = make_job(platform_a), client_of(mona)
    text = "\n".join(["x"] * 5000)
    assert save(client, page(job), description=text.replace("\n", ends)).status_code == 302
    assert definition.of(job).description == text
    wrong = told(save(client, page(job), description="x" * 10_001))
    assert wrong == {
        "description": ["A description has 10000 characters at most; this one has 10001."]
    }


def test_a_longer_description_of_an_earlier_release_does_not_bar_the_page(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    job, client = make_job(platform_a), client_of(mona)
    Job.objects.update(description="x" * 15_000)
    assert save(client, page(job), attempts="4").status_code == 302
    assert definition.of(job).attempts == 4
    assert set(told(save(client, page(job), description="y" * 15_000, attempts="0"))) == {
        "attempts", "description"
    }  # fmt: skip
    assert set(told(save(client, page(job), attempts="0"))) == {"attempts"}


def test_a_player_that_is_out_of_use_stays_named(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    gone = make_player(make_exporter(platform_a), retired_at=timezone.now())
    chosen = Selection(platform_a.pk, players=frozenset({gone.pk}))
    job = make_job(platform_a, selection=chosen)
    assert save(client_of(mona), page(job), description="New").status_code == 302
    job.refresh_from_db()
    assert (definition.of(job).selection, job.version) == (chosen, 1)


# -- rows come and go ---------------------------------------------------------------------------


def test_rows_are_added_and_taken_out_without_scripts_and_nothing_typed_is_lost(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    job = make_job(platform_a, conditions=(OFFLINE, HALF))
    client, address = client_of(mona), page(job)
    typed = {**posted(shown(client, address)), "own_name": "Not stored yet", "hold_number": "x"}
    for button in ({"_more": "rungs"}, {"_more": "hours"}, {"_less": "conditions-0"}):
        answer = client.post(address, {**typed, **button})
        form = answer.context["form"]
        assert "Nothing was stored" not in answer.content.decode()
        assert "Enter a whole number" not in answer.content.decode()
        gone = {f"{row.prefix}-DELETE": "on" for row in form["conditions"].forms if row.gone}
        typed = posted(form) | gone
    assert typed["own_name"] == "Not stored yet"
    assert typed["hold_number"] == "x"
    typed |= {"hold_number": "7", "hours-0-days": ["3"]}
    assert client.post(address, {**typed, "_save": "1"}).status_code == 302
    made = definition.of(job)
    assert made.conditions == (HALF,)
    assert made.rungs == (Step(), Step())
    assert made.hours == (Span(3, time(9), time(18)),)


def test_a_part_is_drawn_anew_for_the_script_with_what_was_chosen_in_it(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    cycle = template("power_cycle", for_jobs=True)
    client = client_of(mona)
    typed = posted(shown(client, ADD)) | {"part": "rungs", "rungs-0-what": str(cycle.pk)}
    text = client.post(reverse("admin:jobs_job_look"), typed).content.decode()
    assert 'name="rungs-0-p-minutes"' in text
    assert 'name="rungs-0-p-line"' not in text
    assert "<html" not in text
    typed |= {"part": "conditions", "conditions-0-function": "avg", "_more": "conditions"}
    text = client.post(reverse("admin:jobs_job_look"), typed).content.decode()
    assert 'name="conditions-0-window_number"' in text
    assert 'name="conditions-1-metric"' in text


# -- what is wrong is said on its field ---------------------------------------------------------


WRONG: list[tuple[dict[str, str], set[str]]] = [
    ({"conditions-0-metric": "up"}, {"conditions-0-metric"}),
    ({"conditions-0-metric": ""}, {"conditions-0-metric"}),
    ({"conditions-0-threshold": "hot"}, {"conditions-0-threshold"}),
    ({"conditions-0-threshold": "nan"}, {"conditions-0-threshold"}),
    ({"conditions-0-threshold": "7"}, {"conditions-0-threshold"}),
    ({"conditions-0-operator": "=~"}, {"conditions-0-operator"}),
    ({"conditions-0-function": "avg", "conditions-0-window_number": "1"},
     {"conditions-0-window"}),
    ({"conditions-0-function": "avg", "conditions-0-threshold": "0.5",
      "conditions-0-window_number": ""}, {"conditions-0-window"}),
    ({"conditions-0-DELETE": "on"}, {"conditions"}),
    ({"rungs-0-wait_unit": "1"}, {"rungs-0-wait"}),
    ({"rungs-0-what": "999999"}, {"rungs-0-what"}),
    ({"hold_number": "10", "hold_unit": "1"}, {"hold"}),
    ({"hold_number": "9" * 30}, {"hold"}),
    ({"recover_number": ""}, {"recover"}),
    ({"cooldown_unit": "3000"}, {"cooldown"}),
    ({"attempts": "0"}, {"attempts"}),
    ({"approval_time_number": "4000"}, {"approval_time"}),
    ({"own_name": "x" * 161}, {"own_name"}),
    ({"mode": "wild"}, {"mode"}),
    ({"severity": "7"}, {"severity"}),
    ({"trigger": "magic"}, {"trigger"}),
    ({"trigger": "schedule", "cron": "at night"}, {"cron"}),
    ({"trigger": "schedule", "cron": ""}, {"cron"}),
    ({"trigger": "schedule", "cron": "0 3 * * *", "rungs-0-DELETE": "on"}, {"rungs"}),
    ({"trigger": "schedule", "cron": "0 3 * * *", "time_zone": "Moon/Crater"}, {"time_zone"}),
    ({"hours-TOTAL_FORMS": "1", "hours-0-opens": "25:00", "hours-0-closes": "18:00"},
     {"hours-0-days", "hours-0-opens"}),
    ({"reach": "named"}, {"reach"}),
    ({"reach": "named", "attempts": "0"}, {"reach", "attempts"}),
]  # fmt: skip


def test_what_is_wrong_is_said_on_its_field(mona: User, platform_a: Platform) -> None:
    before = definition.of(make_job(platform_a))
    ground = Ground(mona, platform_a, before)
    untouched = posted(JobForm(ground))
    for typed, wrong in WRONG:
        data = QueryDict(urlencode({**untouched, **typed}, doseq=True))
        form = JobForm(ground, data)
        form.is_valid()
        form.tell(definition_checks.check(form.draft()))
        assert set(said(form)) == wrong, typed
        assert form.errors, typed


def test_nothing_typed_is_lost_and_nothing_stored_where_something_is_wrong(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    job, client = make_job(platform_a), client_of(mona)
    before = definition.of(job)
    wrong = {"attempts": "0", "conditions-0-threshold": "hot", "hold_number": "ten"}
    answer = save(client, page(job), description="Typed with care", **wrong)
    assert set(told(answer)) == {"attempts", "conditions-0-threshold", "hold"}
    text = answer.content.decode()
    for typed in ("Typed with care", "Nothing was stored", 'value="ten"', "Enter a number."):
        assert typed in text, typed
    assert definition.of(job) == before


def test_values_of_a_command_are_asked_for_and_checked_before_it_is_stored(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    job, client = make_job(platform_a), client_of(mona)
    cycle = template("power_cycle", for_jobs=True)
    chosen = {"rungs-0-what": str(cycle.pk)}
    first = save(client, page(job), **chosen)
    assert told(first) == {"rungs-0-__all__": ["Look at the values of this command, then save."]}
    assert 'name="rungs-0-p-minutes"' in first.content.decode()
    second = save(client, page(job), **chosen, **{"rungs-0-p-minutes": "9999"})
    assert "rungs-0-__all__" in told(second)
    assert 'value="9999"' in second.content.decode()
    assert save(client, page(job), **chosen, **{"rungs-0-p-minutes": "3"}).status_code == 302
    (step,) = definition.of(job).rungs
    assert (step.template_id, step.parameters) == (cycle.pk, {"minutes": "3"})


def test_a_secret_of_a_command_is_never_shown_and_stays_where_nothing_is_typed(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    job, client = make_job(platform_a), client_of(mona)
    row = secretive(platform_a)
    chosen, typed = {"rungs-0-what": str(row.pk)}, "rungs-0-p-minutes"
    assert "rungs-0-__all__" in told(save(client, page(job), **chosen, **{typed: ""}))
    assert save(client, page(job), **chosen, **{typed: "9753"}).status_code == 302
    assert "9753" not in client.get(page(job)).content.decode().partition('id="rungs')[2]
    for given, kept in (("", "9753"), ("98", "98")):
        assert save(client, page(job), **{typed: given}).status_code == 302
        assert definition.of(job).rungs[0].parameters == {"minutes": kept}


def test_a_secret_that_was_typed_is_asked_for_again_where_the_job_is_to_be_confirmed(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    """A page never holds one: confirmed as it stands, the old one would go out unseen."""
    job, client, row = make_job(platform_a), client_of(mona), secretive(platform_a)
    typed = {"rungs-0-what": str(row.pk), "rungs-0-p-minutes": "9753"}
    assert save(client, page(job), **typed).status_code == 302
    again = "Type the secret values of its commands again"
    asked = save(client, page(job), mode="live", **{"rungs-0-p-minutes": "98"}).content.decode()
    assert 'name="_live"' in asked
    assert again in asked
    assert again not in save(client, page(job), mode="live").content.decode()


def test_a_ladder_offers_what_jobs_may_send_alone(
    client_of: ClientOf, mona: User, platform_a: Platform, platform_b: Platform
) -> None:
    allowed, not_for_jobs = (
        template("power_cycle", for_jobs=True),
        template("status", for_jobs=False),
    )
    theirs = CommandTemplate.objects.create(
        platform=platform_b, model=allowed.model, key="theirs", for_jobs=True,
        definition={"key": "theirs", "name": {"en": "Theirs", "ru": "Их"},
                    "help": {"en": "-", "ru": "-"}, "danger": "none", "code": "#07#",
                    "effect": "query"},
    )  # fmt: skip
    client = client_of(mona)
    text = client.get(ADD).content.decode()
    assert f'value="{allowed.pk}"' in text
    assert "Theirs" not in text
    for each in (not_for_jobs, theirs):
        answer = save(client, ADD, reach="whole", **{"rungs-0-what": str(each.pk)})
        assert "rungs-0-what" in told(answer)
    assert not Job.objects.exists()


def test_what_somebody_else_changed_meanwhile_is_not_overwritten_unseen(
    client_of: ClientOf, mona: User, alice: User, platform_a: Platform
) -> None:
    job, client = make_job(platform_a), client_of(mona)
    opened = {**posted(shown(client, page(job))), "revision": "1", "mode": "live"}
    saving.change([job], Actor(str(alice), "admin"), attempts=7)
    asks = client.post(page(job), {**opened, "_save": "1"}).content.decode()
    assert 'name="revision" value="1"' in asks, "it asks whether the job is to act, no more"
    answer = client.post(page(job), {**opened, "_live": "1", "attempts": "2"})
    assert answer.status_code == 200
    text = answer.content.decode()
    assert f"{alice} changed this job at " in text
    assert definition.of(job).attempts == 7
    assert 'name="revision" value="2"' in text
    again = {**opened, "revision": "2", "_live": "1", "attempts": "2"}
    assert client.post(page(job), again).status_code == 302
    assert definition.of(job).attempts == 2


# -- letting a job act --------------------------------------------------------------------------


def test_a_job_is_let_act_only_after_the_page_asked_once_more(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    job, client = make_job(platform_a), client_of(mona)
    answer = save(client, page(job), mode="live", own_name="Typed")
    assert "Store it and let it act" in answer.content.decode()
    job.refresh_from_db()
    assert job.mode == Mode.SHADOW
    typed = posted(answer.context["form"])
    assert client.post(page(job), {**typed, "_live": "1"}).status_code == 302
    job.refresh_from_db()
    assert (job.mode, job.name) == (Mode.LIVE, "Typed")
    assert save(client, page(job), description="It acts already").status_code == 302


# -- who may ------------------------------------------------------------------------------------


def test_who_may_only_look_reads_the_job_and_changes_nothing(
    client_of: ClientOf, bob: User, ursula: User, platform_a: Platform
) -> None:
    exporter = make_exporter(platform_a, "Malls of the south")
    chosen = Selection(platform_a.pk, exporters=frozenset({exporter.pk}))
    job = make_job(platform_a, own_name="Watch", selection=chosen)
    for person in (bob, ursula):
        client = client_of(person)
        text = client.get(page(job)).content.decode()
        assert "Watch" in text
        assert "Malls of the south" in text
        assert 'name="_save"' not in text
        assert "jobs.js" not in text
        assert client.post(page(job), {"_save": "1"}).status_code == 403
        assert client.get(ADD).status_code == 403
        assert client.post(reverse("admin:jobs_job_look"), {}).status_code == 403
        assert client.get(reverse("admin:jobs_job_targets")).status_code == 403


def test_rows_of_another_platform_are_no_choice_and_their_jobs_are_not_there(
    client_of: ClientOf, mona: User, charlie: User, platform_a: Platform, platform_b: Platform
) -> None:
    theirs = make_exporter(platform_b, "Cinemas")
    foreign = {"exporters": theirs.pk, "sites": make_site(platform_b, "Mall").pk,
               "players": make_player(theirs, name="Their LED").pk}  # fmt: skip
    client = client_of(mona)
    for name, pk in foreign.items():
        answer = save(client, ADD, **{"reach": "named", name: [pk]})
        assert name in told(answer)
        text = client.get(reverse("admin:jobs_job_targets"), {"of": name}).content.decode()
        assert "Their" not in text
        assert "Mall" not in text
    job = make_job(platform_b)
    assert client.get(page(job)).status_code == 404
    assert client.post(page(job), {"_save": "1"}).status_code == 404
    look, targets = reverse("admin:jobs_job_look"), reverse("admin:jobs_job_targets")
    assert client.post(look, {"job": job.pk}).status_code == 404
    assert client.post(look, {"platform": platform_b.pk}).status_code == 404
    assert client.get(targets, {"platform": platform_b.pk}).status_code == 404
    assert client.post(ADD, {"platform": platform_b.pk, "_save": "1"}).status_code == 404
    assert not Job.objects.filter(platform=platform_a).exists()


def test_whoever_works_on_several_platforms_is_asked_for_one_first(
    client_of: ClientOf, mona: User, platform_a: Platform, platform_b: Platform
) -> None:
    third = make_platform("Gamma")
    mona.memberships.create(platform=platform_b, role=Role.MANAGER)
    mona.memberships.create(platform=third, role=Role.VIEWER)
    client = client_of(mona)
    text = client.get(ADD).content.decode()
    assert (platform_a.name in text, platform_b.name in text, "Gamma" in text) == (
        True,
        True,
        False,
    )
    address = f"{ADD}?platform={platform_b.pk}"
    answer = save(client, address, platform=platform_b.pk, reach="whole")
    assert answer.status_code == 302, told(answer)
    assert Job.objects.get().platform == platform_b
    assert client.get(f"{ADD}?platform={third.pk}").status_code == 404
    watched = make_job(third)
    assert client.get(page(watched)).status_code == 200
    assert client.post(page(watched), {"_save": "1"}).status_code == 403


def test_raw_promql_is_written_by_superadmins_and_kept_by_others(
    client_of: ClientOf, mona: User, root: User, platform_a: Platform
) -> None:
    job = make_job(platform_a, own_name="Odd")
    managers, owners = client_of(mona), client_of(root)
    save(managers, page(job), asks="raw", raw=RAW)
    assert definition.of(job).raw == ""
    assert "raw" in told(save(owners, page(job), asks="raw", raw="up == 0"))
    assert save(owners, page(job), asks="raw", raw=RAW).status_code == 302
    made = definition.of(job)
    assert (made.raw, made.conditions) == (RAW, ())
    assert 'name="raw"' not in managers.get(page(job)).content.decode()
    assert save(managers, page(job), own_name="Named by Mona", raw="up").status_code == 302
    made = definition.of(job)
    assert (made.raw, made.own_name) == (RAW, "Named by Mona")


def test_boxes_find_what_can_be_named_page_by_page(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    exporter = make_exporter(platform_a, "Malls")
    for number in range(25):
        make_player(exporter, name=f"LED {number:02}")
    client, address = client_of(mona), reverse("admin:jobs_job_targets")
    first = client.get(address, {"of": "players", "term": "led"}).json()
    assert (len(first["results"]), first["pagination"]["more"]) == (20, True)
    rest = client.get(address, {"of": "players", "term": "led", "page": "2"}).json()
    assert (len(rest["results"]), rest["pagination"]["more"]) == (5, False)
    found = client.get(address, {"of": "exporters", "term": "mall"}).json()["results"]
    assert found == [{"id": str(exporter.pk), "text": str(exporter)}]
    assert client.get(address, {"of": "secrets"}).status_code == 404
