"""What becomes of rows of jobs that an earlier version of Remosa wrote."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from jobs import naming
from jobs.models import Job, Track, Trigger
from tests import databases, factories


@pytest.mark.django_db(transaction=True)
def test_of_players_that_are_well_it_is_known_since_when() -> None:
    with databases.empty_database("migrations"):
        for app, migration in (("jobs", "0002"), ("platforms", None), ("exporters", None)):
            call_command("migrate", app, *filter(None, [migration]), verbosity=0)
        apps = MigrationExecutor(connection).loader.project_state(
            [("jobs", "0002_when_metrics_were_found")]
        )
        old = apps.apps.get_model("jobs", "Track").objects
        exporter = factories.make_exporter(factories.make_platform("Alpha"))
        criterion = apps.apps.get_model("jobs", "Criterion").objects.create(
            platform_id=exporter.platform_id, digest="d", definition={}
        )
        for slot, bad in ((7, False), (9, True)):
            old.create(
                platform_id=exporter.platform_id, criterion=criterion, bad=bad, since_slot=slot,
                player_id=factories.make_player(exporter).pk, run_from=0.0, seen_good=True,
            )  # fmt: skip
        call_command("migrate", "jobs", verbosity=0)
        assert dict(Track.objects.values_list("bad", "well_slot")) == {False: 7, True: None}


@pytest.mark.django_db(transaction=True)
def test_schedules_are_brought_to_their_normal_form_and_jobs_stay_what_they_are() -> None:
    with databases.empty_database("migrations"):
        for app, migration in (("jobs", "0003"), ("platforms", None), ("exporters", None)):
            call_command("migrate", app, *filter(None, [migration]), verbosity=0)
        apps = MigrationExecutor(connection).loader.project_state(
            [("jobs", "0003_when_players_were_well")]
        )
        platform = factories.make_platform("Alpha")
        old = apps.apps.get_model("jobs", "Job").objects
        for name, cron in (("raw", "0  3 * * mon"), ("normal", "0 3 * * MON"), ("rule", "")):
            old.create(
                platform_id=platform.pk, name=name, own_name=name, cron=cron, whole_platform=True,
                trigger=Trigger.SCHEDULE if cron else Trigger.RULE,
            )  # fmt: skip
        called = "Schedule for all players → tell people 0  3 * * mon"
        old.filter(name="raw").update(name=called, own_name="", names={"en": called})
        kept = [each.name for each in Job._meta.concrete_fields if each.name != "cron"]
        before = list(Job.objects.order_by("pk").values(*kept))
        call_command("migrate", "jobs", verbosity=0)
        crons = list(Job.objects.order_by("pk").values_list("cron", flat=True))
        assert crons == ["0 3 * * MON", "0 3 * * MON", ""]
        assert list(Job.objects.order_by("pk").values(*kept)) == before
        call_command("migrate", "devices", verbosity=0)
        naming.keep_in_step()
        row = Job.objects.order_by("pk")[0]
        assert row.names["en"] == "Schedule for all players → tell people Mon at 03:00"
        assert (row.version, row.revision) == (1, 1)
