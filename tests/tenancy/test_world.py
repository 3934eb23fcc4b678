"""The canaries sing in every text of a platform: a new column without one fails here."""

import pytest
from django.db import IntegrityError, connection, models, transaction
from pytest_django import DjangoAssertNumQueries

from exporters.models import Player
from platforms.guards import tenant_models
from platforms.models import Membership, Site
from tests.tenancy import written
from tests.tenancy.world import World

# Texts that nobody writes, and those that are the same everywhere.
WITHOUT = {
    "platforms.AuditEntry": {"actor", "via", "address", "target_type", "target_id"},
    "platforms.ApiToken": {"prefix", "digest", "exporter_kind"},
    "platforms.Invitation": {"digest"},
    "platforms.Site": {"time_zone"},
    "exporters.Player": {"ip_place", "outip_place"},  # of the order of addresses
    "devices.Command": {"model_key"},
    # Codes, figures and zones.
    "jobs.Job": {"cron", "time_zone", "due_zone", "figures"},
    "jobs.Clock": {"why", "counts"},
    "jobs.Track": {"flips", "why"},
    "jobs.Episode": {"suppressed"},
    "jobs.GateVerdict": {"gate"},
    "jobs.MaintenanceWindow": {"time_zone"},
    "jobs.Floor": {"frozen"},
}
TEXTS = (models.CharField, models.TextField, models.JSONField, models.GenericIPAddressField)


def test_every_text_of_a_platform_gives_it_away(world: World) -> None:
    silent = [
        f"{model._meta.label}.{field.name}"
        for model in tenant_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, TEXTS)
        and not field.choices
        and field.name not in WITHOUT.get(model._meta.label, ())
        and not any(_sings(world, value) for value in _values(world, model, field.attname))
    ]
    assert silent == []


def test_whatever_is_written_is_told_by_whatever_way_and_after_what_was_taken_back(
    world: World,
) -> None:
    world.remember(world.a)
    with transaction.atomic():
        Site.objects.filter(platform=world.a.platform).delete()
        transaction.set_rollback(True)
    before = written.counts()
    assert list(world.changes(world.a, written.that_differ(before, written.counts()))) == []
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {Site._meta.db_table} SET name = name || '!'")
    Player.objects.filter(platform=world.a.platform).first().delete()  # type: ignore[union-attr]
    told = list(world.changes(world.a, written.that_differ(before, written.counts())))
    assert {"platforms.Site", "exporters.Player"} <= {each.partition(":")[0] for each in told}


def test_whatever_is_written_is_taken_back_and_what_only_reads_costs_no_savepoint(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    world.remember(world.a)
    sites = Site.objects.filter(platform=world.a.platform)
    with django_assert_num_queries(1), written.taken_back():
        assert sites.count() == 1
    before = written.counts()
    with written.taken_back():
        sites.update(name="another")
        with pytest.raises(IntegrityError):
            # Left broken, as by a view that gave up: the next question must find it whole.
            Membership.objects.update(platform_id=None)
        transaction.on_commit(lambda: pytest.fail("nothing of it ever happened"))
    changed = written.that_differ(before, written.counts())
    assert Site._meta.db_table in changed
    assert list(world.changes(world.a, changed)) == []
    assert connection.run_on_commit == []


def _values(world: World, model: type[models.Model], column: str) -> list[str]:
    rows = model._base_manager.filter(platform_id=world.b.platform.pk)
    return [str(value) for value in rows.values_list(column, flat=True)]


def _sings(world: World, value: str) -> bool:
    return any(word in value for word in world.b.words)
