"""What becomes of rows of jobs that an earlier version of Remosa wrote."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from jobs.models import Track
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
