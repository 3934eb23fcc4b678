"""Jobs as YAML over the API and by commands: export, plan, apply; rights, repeats, refusals."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries

from jobs import saving
from jobs.models import Job
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Platform, TokenKind, User
from tests import factories
from tests.conftest import ApiOf
from tests.jobs.test_exchange import SMALL
from tests.jobs.world import make_job, make_metric

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
API = "/api/v1/jobs"


@pytest.fixture(autouse=True)
def metric(db: None) -> None:
    make_metric()


def test_a_file_is_exported_looked_at_and_applied_as_it_was_shown(
    api_of: ApiOf, mona: User, platform_a: Platform
) -> None:
    client = api_of(mona)
    job = make_job(platform_a, own_name="Hall", rungs=())
    told = client.get(f"{API}/export?platform_id={platform_a.pk}")
    assert (told.status_code, told["Content-Type"]) == (200, "application/yaml; charset=utf-8")
    assert AuditEntry.objects.get(action="exported").actor == mona.email
    text = told.content.decode().replace("attempts: 3", "attempts: 5")
    body = {"platform_id": platform_a.pk, "yaml": text + SMALL.partition("jobs:\n")[2]}
    plan = client.post(f"{API}/plan", body, "json").json()
    assert plan["counts"] == {"change": 1, "create": 1}
    changed, made = plan["jobs"]
    assert (changed["job_id"], changed["name"], made["job_id"]) == (job.pk, "Hall", None)
    assert changed["differences"] == [{"field": "attempts", "before": 3, "after": 5}]
    assert Job.objects.count() == 1
    done = client.post(f"{API}/apply", {**body, "digest": plan["digest"]}, "json")
    assert done.status_code == 200, done.content
    assert [each["fate"] for each in done.json()["jobs"]] == ["change", "create"]
    assert done.json()["jobs"][1]["job_id"] == Job.objects.latest("pk").pk
    # Who lost the answer and asks again is told that there is another plan by now.
    again = client.post(f"{API}/apply", {**body, "digest": plan["digest"]}, "json")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "plan_changed")
    assert client.post(f"{API}/plan", body, "json").json()["counts"] == {"unchanged": 2}
    assert Job.objects.count() == 2


def test_what_is_wrong_is_told_by_line(api_of: ApiOf, mona: User, platform_a: Platform) -> None:
    client, body = api_of(mona), {"platform_id": platform_a.pk, "yaml": SMALL + "\tx"}
    for deed in ("plan", "apply"):
        refused = client.post(f"{API}/{deed}", {**body, "digest": "x"} if deed == "apply" else body)
        assert refused.status_code == 415
        sent = {**body, "digest": "x"} if deed == "apply" else body
        refused = client.post(f"{API}/{deed}", sent, "json")
        assert refused.status_code == 400
        assert refused.json()["error"]["fields"]["yaml"][0].startswith("Line 8: ")
    body["yaml"] = SMALL.replace("rungs: []", "rungs: [restart]")
    plan = client.post(f"{API}/plan", body, "json").json()
    (problem,) = plan["jobs"][0]["problems"]
    assert (problem["line"], problem["field"]) == (7, "rungs.0")
    sent = {**body, "digest": plan["digest"]}
    refused = client.post(f"{API}/apply", sent, "json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "refused")
    skipped = client.post(f"{API}/apply", {**sent, "skip_refused": True}, "json")
    assert (skipped.status_code, skipped.json()["counts"]) == (200, {"refuse": 1})
    assert not Job.objects.exists()


def test_who_exports_and_applies(
    api_of: ApiOf, alice: User, ursula: User, bob: User, charlie: User, platform_a: Platform
) -> None:
    job = make_job(platform_a, own_name="Hall", rungs=())
    reading = factories.make_token(TokenKind.USER, owner=alice)[1]
    body = {"platform_id": platform_a.pk, "yaml": SMALL}
    for caller, read, write in (
        (alice, 200, 200),
        (ursula, 403, 403),
        (bob, 403, 403),
        (reading, 403, 403),
        (charlie, 404, 400),
    ):
        client = api_of(caller)
        assert client.get(f"{API}/export?platform_id={platform_a.pk}").status_code == read
        assert client.post(f"{API}/plan", body, "json").status_code == write
        if caller is not alice:
            sent = {**body, "digest": "x"}
            assert client.post(f"{API}/apply", sent, "json").status_code == write
    own = Platform.objects.get(memberships__user=charlie)
    theirs = api_of(charlie).get(f"{API}/export?platform_id={own.pk}&job_id={job.pk}")
    nobody = api_of(charlie).get(f"{API}/export?platform_id={own.pk}&job_id=987654321")
    assert (theirs.status_code, theirs.content) == (404, nobody.content)
    one = api_of(alice).get(f"{API}/export?platform_id={platform_a.pk}&job_id={job.pk}")
    assert one.content.decode().count("- name:") == 1
    assert Job.objects.count() == 1


def test_a_file_costs_the_same_however_many_jobs_it_has(
    api_of: ApiOf,
    mona: User,
    platform_a: Platform,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client, address = api_of(mona), f"{API}/export?platform_id={platform_a.pk}"
    make_job(platform_a, rungs=())
    with django_assert_num_queries(17) as one:
        text = client.get(address).content.decode()
    body = {"platform_id": platform_a.pk, "yaml": text}
    with django_assert_num_queries(14) as planned:
        client.post(f"{API}/plan", body, "json")
    for _turn in range(3):
        make_job(platform_a, rungs=())
    with django_assert_num_queries(len(one)):
        body["yaml"] = client.get(address).content.decode()
    with django_assert_num_queries(len(planned)):
        told = client.post(f"{API}/plan", body, "json").json()
    assert told["counts"] == {"unchanged": 4}


def test_commands_plan_before_they_apply(platform_a: Platform, tmp_path: Path) -> None:
    file = tmp_path / "jobs.yaml"
    file.write_text(SMALL)

    def told(*options: str) -> str:
        out = StringIO()
        call_command("import_jobs", str(platform_a.pk), str(file), *options, stdout=out)
        return out.getvalue()

    planned = told()
    assert "line 3: create Lobby\n" in planned
    assert not Job.objects.exists()
    digest = planned.split()[-1]
    assert told("--apply", digest).endswith("Done.\n")
    assert AuditEntry.objects.get(target_type="jobs.job").via == "command"
    with pytest.raises(CommandError, match="Nothing was done"):
        told("--apply", digest)
    out = StringIO()
    call_command("export_jobs", str(platform_a.pk), stdout=out)
    file.write_text(out.getvalue().replace("hold: 5m", "hold: 10m"))
    assert "hold: '5m' -> '10m'" in told()
    file.write_text(out.getvalue().replace("rungs: []", "rungs: 7"))
    assert "rungs: A list is needed here." in told()
    with pytest.raises(CommandError, match="cannot be stored"):
        told("--apply", told().split()[-1])
    file.write_text("jobs: *all")
    for name, message in ((str(file), "Line 1"), (str(tmp_path), "cannot be read")):
        with pytest.raises(CommandError, match=message):
            call_command("import_jobs", str(platform_a.pk), name)
    with pytest.raises(CommandError, match="no platform"):
        call_command("export_jobs", "987654321")
    saving.remove(Job.objects.get(), SYSTEM)
