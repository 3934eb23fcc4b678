"""The database's own guards, tried with raw SQL and bulk writes on both databases."""

from typing import Any

import pytest
from django.core import checks
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations import Migration

from exporters.models import Exporter, ExporterMac, Player
from platforms import guards, integrity
from platforms.models import ApiToken, AuditEntry, Invitation, Platform, Site, User
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

LINKS = {
    "exporters.ExporterMac.exporter",
    "exporters.ExporterMac.player",
    "exporters.Player.exporter",
    "exporters.Player.site",
}
TENANT_MODELS = {
    "exporters.Exporter",
    "exporters.ExporterMac",
    "exporters.Player",
    "platforms.ApiToken",
    "platforms.AuditEntry",
    "platforms.Invitation",
    "platforms.Membership",
    "platforms.Site",
}

PLAN = [(Migration("0002_wider", "exporters"), False)]


@pytest.fixture
def rows(
    platform_a: Platform, platform_b: Platform, exporter_a: Exporter, exporter_b: Exporter
) -> dict[str, Any]:
    """One row of each kind on A, and their counterparts on B."""
    return {
        "mac_a": factories.make_mac(exporter_a),
        "mac_b": factories.make_mac(exporter_b),
        "site_b": factories.make_site(platform_b),
    }


def execute(statement: str, *values: Any) -> None:
    """Run one raw statement in a transaction of its own, deferred constraints included."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        connection.check_constraints()


def test_the_guards_follow_from_the_models() -> None:
    """Those of sockets and commands are in tests/devices/test_guards.py, of jobs in tests/jobs."""
    links = {link.model._meta.label + "." + link.name for link in guards.links()}
    others = ("devices.", "jobs.")
    assert {link for link in links if not link.startswith(others)} == LINKS
    models = {model._meta.label for model in guards.tenant_models()}
    assert {model for model in models if not model.startswith(others)} == TENANT_MODELS


def test_every_guard_is_installed_after_migrate() -> None:
    assert integrity.missing(connection) == []
    assert len(guards.expected(connection.vendor)) >= len(TENANT_MODELS) + len(LINKS)


@pytest.mark.parametrize("label", sorted(TENANT_MODELS))
def test_a_row_never_changes_its_platform(
    label: str, platform_a: Platform, platform_b: Platform, alice: User, rows: dict[str, Any]
) -> None:
    factories.make_site(platform_a)
    factories.make_token(owner=alice, platform=platform_a)
    factories.make_audit_entry(platform_a)
    factories.make_invitation(platform_a)
    model = next(model for model in guards.tenant_models() if model._meta.label == label)
    table = model._meta.db_table
    assert model._base_manager.filter(platform=platform_a).exists()
    with pytest.raises(IntegrityError):
        execute(
            f"UPDATE {table} SET platform_id = %s WHERE platform_id = %s",
            platform_b.pk,
            platform_a.pk,
        )


def test_a_token_for_all_platforms_stays_one(alice: User, platform_a: Platform) -> None:
    token, _secret = factories.make_token(owner=alice)
    with pytest.raises(IntegrityError, match="never changes its platform"):
        execute(
            "UPDATE platforms_apitoken SET platform_id = %s WHERE id = %s", platform_a.pk, token.pk
        )
    ApiToken.objects.filter(pk=token.pk).update(name="Renamed")


@pytest.mark.parametrize("link", sorted(LINKS))
def test_an_update_cannot_link_two_platforms(link: str, rows: dict[str, Any]) -> None:
    table, column, own, foreign = _parties(link, rows)
    with pytest.raises(IntegrityError):
        execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", foreign, own.pk)


@pytest.mark.parametrize("link", sorted(LINKS))
def test_an_insert_cannot_link_two_platforms(link: str, rows: dict[str, Any]) -> None:
    _table, column, own, foreign = _parties(link, rows)
    own.pk, own._state.adding = None, True
    setattr(own, column, foreign)
    if isinstance(own, Player):
        own.identity = "another"
    else:
        own.mac = "02:00:00:00:00:01"
        if column != "player_id":
            own.player = factories.make_player(Exporter.objects.get(name="Malls of Alpha"))
        else:
            ExporterMac.objects.filter(player_id=foreign).delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        type(own)._base_manager.bulk_create([own])
        connection.check_constraints()


def test_a_parent_cannot_be_replaced_by_one_of_another_platform(
    rows: dict[str, Any], exporter_a: Exporter, platform_b: Platform
) -> None:
    player = rows["mac_a"].player
    site = factories.make_site(player.platform)
    Player.objects.filter(pk=player.pk).update(site=site)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        # Possible because the database checks plain foreign keys at the end of the transaction.
        cursor.execute("DELETE FROM platforms_site WHERE id = %s", [site.pk])
        Site.objects.bulk_create([Site(pk=site.pk, platform=platform_b, name="Same number")])
        connection.check_constraints()


def test_a_parent_cannot_take_the_number_of_another(rows: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        execute("UPDATE platforms_site SET id = id + 1000000 WHERE id = %s", rows["site_b"].pk)


def test_a_child_may_be_stored_before_its_parent(exporter_a: Exporter) -> None:
    site = factories.make_site(exporter_a.platform)
    player = factories.make_player(exporter_a)
    number = site.pk + 1000
    with transaction.atomic():
        Player.objects.filter(pk=player.pk).update(site_id=number)
        Site.objects.bulk_create([Site(pk=number, platform=exporter_a.platform, name="Later")])
        connection.check_constraints()
    assert Player.objects.get(pk=player.pk, site__name="Later").site_id == number


def test_a_site_is_let_go_when_it_is_deleted(rows: dict[str, Any]) -> None:
    player = rows["mac_b"].player
    Player.objects.filter(pk=player.pk).update(site=rows["site_b"])
    rows["site_b"].delete()
    player.refresh_from_db()
    assert player.site_id is None


def test_an_exporter_takes_its_players_along(rows: dict[str, Any], exporter_a: Exporter) -> None:
    exporter_a.delete()
    assert not Player.objects.filter(exporter_id=exporter_a.pk).exists()
    connection.check_constraints()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE platforms_auditentry SET actor = 'nobody'",
        "DELETE FROM platforms_auditentry",
        "DELETE FROM platforms_auditentry WHERE id = (SELECT max(id) FROM platforms_auditentry)",
    ],
)
def test_the_audit_record_only_grows(statement: str, platform_a: Platform) -> None:
    factories.make_audit_entry(platform_a)
    with pytest.raises(IntegrityError, match="only grows"):
        execute(statement)
    factories.make_audit_entry(platform_a)
    assert AuditEntry.objects.count() == 2


def test_no_other_way_overwrites_an_audit_line(platform_a: Platform) -> None:
    entry = factories.make_audit_entry(platform_a)
    statement = {
        "postgresql": "TRUNCATE platforms_auditentry",
        # REPLACE removes the old row without firing a trigger for DELETE.
        "sqlite": "INSERT OR REPLACE INTO platforms_auditentry "
        f"SELECT * FROM platforms_auditentry WHERE id = {entry.pk}",
    }[connection.vendor]
    with pytest.raises(IntegrityError, match="only grows"):
        execute(statement)


def test_an_upsert_cannot_change_an_audit_line(platform_a: Platform) -> None:
    entry = factories.make_audit_entry(platform_a)
    entry.actor = "nobody"
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.bulk_create(
            [entry], update_conflicts=True, unique_fields=["id"], update_fields=["actor"]
        )


def test_a_missing_guard_is_reported_and_the_next_migrate_brings_it_back() -> None:
    integrity.remove(connection)
    wanted = guards.expected(connection.vendor)
    assert integrity.missing(connection) == wanted
    found = integrity.check_guards_are_installed(None, ["default"])
    assert [(message.id, message.level) for message in found] == [
        ("platforms.W002", checks.WARNING)
    ]
    call_command("migrate", verbosity=0)
    assert integrity.missing(connection) == []
    assert integrity.check_guards_are_installed(None, ["default"]) == []


def test_a_guard_of_an_older_release_is_taken_out() -> None:
    old = "guard_old_one_000000000000"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                f"CREATE TRIGGER {old} BEFORE DELETE ON platforms_site BEGIN SELECT 1; END"
            )
        else:
            cursor.execute(
                f"CREATE TRIGGER {old} BEFORE DELETE ON platforms_site "
                "FOR EACH ROW EXECUTE FUNCTION remosa_refuse('old')"
            )
    integrity.install(connection)
    assert old not in {name for name, *_rest in integrity._installed(connection)}
    assert integrity.missing(connection) == []


def test_a_link_that_no_guard_can_hold_fails_the_system_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert integrity.check_links_can_be_guarded(None) == []
    monkeypatch.setattr(Player._meta.get_field("platform"), "null", True)
    found = integrity.check_links_can_be_guarded(None)
    assert {message.id for message in found} == {"platforms.E003"}
    assert {str(message.obj) for message in found} == {
        "exporters.Player.exporter",
        "exporters.Player.site",
    }


@pytest.mark.django_db(transaction=True)
def test_a_migration_may_rebuild_any_table_and_the_guards_are_back_afterwards() -> None:
    """As `migrate` does it; SQLite copies the table, drops it and renames the copy."""
    for model in (Exporter, Player, ExporterMac, Site, AuditEntry):
        old: Any = model._meta.get_field("actor" if model is AuditEntry else "name")
        wider: Any = models.CharField(max_length=300)
        wider.set_attributes_from_name(old.name)
        wider.model = model
        for before, after in ((old, wider), (wider, old)):
            emit_pre_migrate_signal(0, False, "default", plan=PLAN)
            with connection.schema_editor() as editor:
                editor.alter_field(model, before, after, strict=True)
            emit_post_migrate_signal(0, False, "default", plan=PLAN)
            assert integrity.missing(connection) == []


def test_a_migrate_with_nothing_to_do_leaves_the_guards_alone() -> None:
    emit_pre_migrate_signal(0, False, "default", plan=[])
    assert integrity.missing(connection) == []


@pytest.mark.django_db(transaction=True)
def test_the_first_transactional_test_leaves_an_audit_line(platform_a: Platform) -> None:
    factories.make_audit_entry(platform_a)


@pytest.mark.django_db(transaction=True)
def test_the_next_one_finds_the_tables_empty_and_the_guards_in_place() -> None:
    assert not AuditEntry.objects.exists()
    assert not Invitation.objects.exists()
    assert integrity.missing(connection) == []


def _parties(link: str, rows: dict[str, Any]) -> tuple[str, str, Any, int]:
    """Return table, column, a row of A, and the number of what of B it must not link to."""
    own, foreign = rows["mac_a"], rows["mac_b"]
    if link.startswith("exporters.Player"):
        own, foreign = own.player, foreign.player
    name = link.rpartition(".")[2]
    number = rows["site_b"].pk if name == "site" else getattr(foreign, f"{name}_id")
    return own._meta.db_table, f"{name}_id", own, number
