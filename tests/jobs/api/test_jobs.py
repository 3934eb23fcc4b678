"""Jobs over the API: the whole definition as one document, rights, repeats, errors by field."""

import json
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from devices import synchronisation
from devices.models import CommandTemplate
from jobs import definition
from jobs.definition import Step
from jobs.models import Action, Episode, Job, Mode
from platforms.models import AuditEntry, Platform, TokenKind, User
from tests import factories
from tests.conftest import ApiOf
from tests.jobs.world import STATUS, make_job, make_metric, secretive

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
LIST = "/api/v1/jobs"


@pytest.fixture(autouse=True)
def metric(db: None) -> None:
    make_metric()


def body(platform: Platform, **fields: Any) -> dict[str, Any]:
    """Return a job that can be stored."""
    return {
        "platform_id": platform.pk,
        "selection": {"whole": True},
        "conditions": [{"metric": STATUS, "operator": "==", "threshold": 0}],
        "rungs": [{"action": "restart", "wait": 600}],
        **fields,
    }


def whole(platform: Platform) -> dict[str, Any]:
    """Return a job of which everything is given."""
    synchronisation.synchronise()
    rows = CommandTemplate.objects.filter(model__key="simpal_d210", key="power_cycle")
    rows.update(for_jobs=True)
    exporter = factories.make_exporter(platform)
    return {
        "platform_id": platform.pk,
        "own_name": "Night watch",
        "description": "Restarts\nwhat hangs",
        "trigger": "rule",
        "mode": "approve",
        "enabled": False,
        "selection": {
            "whole": False,
            "exporter_ids": [exporter.pk],
            "site_ids": [factories.make_site(platform).pk],
            "player_ids": [factories.make_player(exporter).pk],
        },
        "conditions": [
            {"metric": STATUS, "function": "last", "window": 0, "operator": "==", "threshold": 0.0},
            {"metric": STATUS, "function": "avg", "window": 600, "operator": "<", "threshold": 0.5},
        ],
        "joined": "any",
        "raw": "",
        "hold": 240,
        "recover": 90,
        "cron": "",
        "time_zone": "Europe/Moscow",
        "rungs": [
            {"action": "restart", "template_id": None, "parameters": {}, "wait": 300},
            {
                "action": "template",
                "template_id": rows.get().pk,
                "parameters": {"minutes": "2"},
                "wait": 900,
            },
        ],
        "cooldown": 3600,
        "attempts": 2,
        "boot_grace": 120,
        "approval_time": 1200,
        "beside": True,
        "severity": "critical",
        "notify": False,
        "hours": [{"weekday": 0, "opens": "09:00", "closes": "18:30"}],
    }


def test_a_job_is_made_as_one_document_and_read_back_as_it_was_given(
    api_of: ApiOf, mona: User, platform_a: Platform
) -> None:
    client, wanted = api_of(mona), whole(platform_a)
    made = client.post(LIST, wanted, "json")
    assert made.status_code == 201, made.content
    told = made.json()
    words = [each.pop("words") for each in told["conditions"]]
    assert words[0] == "Status (CubicMedia) is Offline"
    assert {name: told[name] for name in wanted} == wanted
    assert (told["name"], told["version"], told["removed_at"]) == ("Night watch", 1, None)
    assert client.get(f"{LIST}/{told['id']}").json()["rungs"] == wanted["rungs"]
    entry = AuditEntry.objects.get(target_type="jobs.job")
    assert (entry.action, entry.via, entry.actor) == ("created", "api", mona.email)


def test_what_is_left_out_is_careful(api_of: ApiOf, mona: User, platform_a: Platform) -> None:
    told = api_of(mona).post(LIST, body(platform_a, rungs=[]), "json").json()
    assert (told["mode"], told["enabled"], told["rungs"]) == ("shadow", True, [])
    assert told["name"].startswith("Monitoring all players")
    missing = api_of(mona).post(LIST, {"platform_id": platform_a.pk}, "json")
    # What it does and to whom is never assumed.
    assert sorted(missing.json()["error"]["fields"]) == ["conditions", "rungs", "selection"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"selection": {}}, "selection"),
        ({"selection": {"exporter_ids": [987654321]}}, "selection"),
        ({"selection": {"player_ids": ["x"]}}, "selection.player_ids.0"),
        ({"conditions": []}, "conditions"),
        ({"conditions": [{"metric": "up", "operator": ">", "threshold": 0}]}, "conditions"),
        (
            {"conditions": [{"metric": STATUS, "operator": "~", "threshold": 0}]},
            "conditions.0.operator",
        ),
        (
            {"conditions": [{"metric": STATUS, "operator": ">", "threshold": 1e999}]},
            "conditions.0.threshold",
        ),
        ({"rungs": [{"action": "restart", "wait": 1}]}, "rungs.0"),
        ({"rungs": [{"action": "template", "template_id": 987654321}]}, "rungs.0"),
        ({"rungs": [{"action": "restart"}, {"action": "dance"}]}, "rungs.1.action"),
        ({"hold": 10}, "hold"),
        ({"hours": [{"weekday": 7, "opens": "09:00", "closes": "10:00"}]}, "hours.0.weekday"),
        ({"severity": "loud"}, "severity"),
        ({"mode": "wild"}, "mode"),
        ({"time_zone": "Moon/Crater"}, "time_zone"),
        ({"description": "x" * 10_001}, "description"),
        ({"trigger": "schedule", "conditions": [], "cron": "at night"}, "cron"),
        ({"raw": f'{STATUS}{{platform_id="$platform"}} == 0', "conditions": []}, "raw"),
        ({"platform_id": 987654321}, "platform_id"),
        ({"name": "x"}, "name"),
    ],
)
def test_what_cannot_be_stored_is_named_by_its_field(
    api_of: ApiOf, mona: User, platform_a: Platform, fields: dict[str, Any], named: str
) -> None:
    text = json.dumps(body(platform_a, **fields)).replace("Infinity", "1e999")
    for address in (LIST, f"{LIST}/preview"):
        refused = api_of(mona).post(address, text, content_type="application/json")
        assert refused.status_code == 400, (address, refused.content)
        error = refused.json()["error"]
        assert list(error["fields"]) == [named]
        assert all(error["fields"].values())
    assert not Job.objects.exists()


def test_a_schedule_is_stored_in_its_normal_form(
    api_of: ApiOf, mona: User, platform_a: Platform
) -> None:
    client = api_of(mona)
    wanted = body(platform_a, trigger="schedule", conditions=[], cron="0  3 * * mon")
    made = client.post(LIST, wanted, "json").json()
    assert made["cron"] == Job.objects.get().cron == "0 3 * * MON"
    again = client.patch(f"{LIST}/{made['id']}", {"cron": "0 3 * *  Mon"}, "json").json()
    assert (again["version"], again["revision"]) == (1, 1)


def test_only_what_is_given_changes(api_of: ApiOf, mona: User, platform_a: Platform) -> None:
    client = api_of(mona)
    pk = client.post(LIST, whole(platform_a), "json").json()["id"]
    before = definition.of(Job.objects.get(pk=pk))
    changed = client.patch(f"{LIST}/{pk}", {"cooldown": 1200, "mode": "live"}, "json")
    assert (changed.status_code, changed.json()["version"]) == (200, 1)
    after = definition.of(Job.objects.get(pk=pk))
    assert (after.cooldown, after.mode) == (1200, Mode.LIVE)
    assert {name for name in vars(after) if getattr(after, name) != getattr(before, name)} == {
        "cooldown", "mode"
    }  # fmt: skip
    assert client.patch(f"{LIST}/{pk}", {"hold": 600}, "json").json()["version"] == 2
    lines = AuditEntry.objects.count()
    assert client.patch(f"{LIST}/{pk}", {"hold": 600}, "json").json()["version"] == 2
    assert AuditEntry.objects.count() == lines
    for wrong in ({"platform_id": platform_a.pk}, {"hold": 1}, {"version": 7}):
        assert client.patch(f"{LIST}/{pk}", wrong, "json").status_code == 400


def test_deeds_said_again_change_nothing_more(
    api_of: ApiOf, mona: User, platform_a: Platform
) -> None:
    client = api_of(mona)
    wanted = body(platform_a, own_name="Watch")
    pk = client.post(LIST, wanted, "json").json()["id"]
    again = client.post(LIST, wanted, "json")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_there")
    for deed, sent, expected in (
        ("disable", None, {"enabled": False}),
        ("enable", None, {"enabled": True}),
        ("mode", {"mode": "live"}, {"mode": "live"}),
    ):
        seen = [client.post(f"{LIST}/{pk}/{deed}", sent, "json") for _turn in range(2)]
        assert [each.status_code for each in seen] == [200, 200]
        assert seen[0].json() == seen[1].json()
        assert expected.items() <= seen[1].json().items()
    copy = client.post(f"{LIST}/{pk}/clone").json()
    assert (copy["mode"], copy["own_name"]) == ("shadow", "Watch (copy)")
    for _turn in range(2):
        assert client.delete(f"{LIST}/{pk}").status_code == 204
    assert client.get(f"{LIST}?removed=true").json()["results"][0]["id"] == pk
    assert client.get(LIST).json()["results"][0]["id"] == copy["id"]
    for deed in ("enable", "disable", "clone"):
        gone = client.post(f"{LIST}/{pk}/{deed}")
        assert (gone.status_code, gone.json()["error"]["code"]) == (409, "removed")
    assert client.patch(f"{LIST}/{pk}", {"hold": 600}, "json").status_code == 409
    deeds = AuditEntry.objects.filter(target_id=str(pk)).order_by("pk").values_list("action")
    assert [each for (each,) in deeds] == ["created", *["changed"] * 3, "deleted"]


def test_who_changes_jobs_and_whose(
    api_of: ApiOf, alice: User, mona: User, ursula: User, bob: User, charlie: User,
    platform_a: Platform,
) -> None:  # fmt: skip
    job = make_job(platform_a)
    reading = factories.make_token(TokenKind.USER, owner=alice)[1]
    for caller, seen, changes, makes in (
        (alice, 200, 200, 201),
        (mona, 200, 200, 201),
        (ursula, 200, 403, 403),
        (bob, 200, 403, 403),
        (reading, 200, 403, 403),
        (charlie, 404, 404, 400),
    ):
        client = api_of(caller)
        assert client.get(f"{LIST}/{job.pk}").status_code == seen, caller
        assert client.patch(f"{LIST}/{job.pk}", {"notify": False}, "json").status_code == changes
        assert client.post(f"{LIST}/{job.pk}/enable").status_code == changes
        assert client.post(f"{LIST}/{job.pk}/disable").status_code == changes
        assert client.post(LIST, body(platform_a), "json").status_code == makes
    for suffix in ("", "/preview"):
        foreign, nobody = (api_of(charlie).get(f"{LIST}/{pk}{suffix}") for pk in (job.pk, 10**9))
        assert (foreign.status_code, foreign.content) == (404, nobody.content)
    assert api_of(charlie).get(LIST).json()["count"] == 0


def test_raw_promql_is_written_by_superadmins_and_kept_by_others(
    api_of: ApiOf, root: User, mona: User, platform_a: Platform
) -> None:
    raw = f'{STATUS}{{platform_id="$platform"}} == 0'
    made = api_of(root).post(LIST, body(platform_a, conditions=[], raw=raw), "json")
    assert made.status_code == 201, made.content
    address = f"{LIST}/{made.json()['id']}"
    assert api_of(mona).patch(address, {"cooldown": 1200}, "json").status_code == 200
    assert api_of(mona).patch(address, {"raw": raw}, "json").status_code == 200
    refused = api_of(mona).patch(address, {"raw": raw.replace("0", "1")}, "json")
    assert list(refused.json()["error"]["fields"]) == ["raw"]


def test_a_secret_value_is_told_to_nobody_and_stays(
    api_of: ApiOf, mona: User, platform_a: Platform
) -> None:
    template = secretive(platform_a)
    rung = {"action": "template", "template_id": template.pk, "parameters": {"minutes": "9753"}}
    client = api_of(mona)
    made = client.post(LIST, body(platform_a, rungs=[rung]), "json")
    assert made.status_code == 201, made.content
    assert made.json()["rungs"][0]["parameters"] == {}
    pk = made.json()["id"]
    returned = client.patch(f"{LIST}/{pk}", {"rungs": made.json()["rungs"]}, "json")
    assert returned.status_code == 200, returned.content
    kept = definition.of(Job.objects.get(pk=pk)).rungs
    assert kept == (Step(Action.TEMPLATE, template.pk, {"minutes": "9753"}),)


def test_a_change_of_what_was_changed_since_is_refused_where_its_revision_is_given(
    api_of: ApiOf, mona: User, alice: User, platform_a: Platform
) -> None:
    address = f"{LIST}/{make_job(platform_a).pk}"
    seen = api_of(mona).get(address).json()["revision"]
    assert api_of(alice).patch(address, {"cooldown": 1200}, "json").json()["revision"] == seen + 1
    stale = {"attempts": 5, "revision": seen}
    refused = api_of(mona).patch(address, stale, "json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "outdated")
    assert f"{alice} changed this job at " in refused.json()["error"]["message"]
    told = api_of(mona).get(address).json()
    assert (told["cooldown"], told["attempts"]) == (1200, 3)
    assert api_of(mona).patch(address, {**stale, "revision": seen + 1}, "json").status_code == 200
    assert api_of(mona).patch(address, {"attempts": 6}, "json").status_code == 200


def test_a_list_is_narrowed_and_costs_the_same_however_long_it_is(
    api_of: ApiOf,
    bob: User,
    platform_a: Platform,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    jobs = [make_job(platform_a, own_name=f"Job {number}") for number in range(2)]
    address = f"{LIST}?platform_id={platform_a.pk}"
    client = api_of(bob)
    # session, account, may I, count, rows; phones; jobs, conditions, metrics, rungs, hours, targets
    with django_assert_num_queries(12) as few:
        assert client.get(address).json()["count"] == 2
    jobs += [make_job(platform_a, own_name=f"Job {number}", mode=Mode.LIVE) for number in (2, 3)]
    with django_assert_num_queries(len(few)):
        assert client.get(address).json()["count"] == 4
    for query, found in (
        ("mode=live", jobs[2:]),
        ("enabled=false", []),
        ("trigger=rule&page_size=1&page=2", jobs[1:2]),
        ("search=job%203", jobs[3:]),
        ("removed=true", []),
    ):
        told = client.get(f"{address}&{query}").json()["results"]
        assert [each["id"] for each in told] == [job.pk for job in found], query
    assert client.get(f"{LIST}?colour=red").status_code == 400


def test_a_disabled_job_closes_its_episodes(
    api_of: ApiOf, mona: User, platform_a: Platform
) -> None:
    job = make_job(platform_a)
    episode = Episode.objects.create(
        platform=platform_a,
        job=job,
        job_version=1,
        player=factories.make_player(factories.make_exporter(platform_a)),
        opened_at=job.created_at,
    )
    assert api_of(mona).post(f"{LIST}/{job.pk}/disable").status_code == 200
    episode.refresh_from_db()
    assert (episode.closed, episode.ending) == (True, "job")
