"""Guards in the database itself, for what Django cannot declare; derived from the models.

1. A tenant row never changes its platform. 2. A link between rows of two platforms cannot exist,
even by raw SQL. 3. The audit record only grows. Nothing here reads or writes rows.

PostgreSQL links by composite foreign keys, which hold under concurrency and for deferred rows.
SQLite has one writer at a time, and a table is rebuilt without what Django did not declare: there
triggers do it, on the parent's side too, so that the order of inserts is free.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .scoping import OUR_APPS, Tenancy

APPEND_ONLY = ("platforms.AuditEntry",)
PREFIX = "guard_"

REFUSE_FUNCTION = """
CREATE OR REPLACE FUNCTION remosa_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
INSTALLED_ON_POSTGRESQL = """
SELECT tgname, tgrelid::regclass::text, 'TRIGGER' FROM pg_trigger
WHERE tgname LIKE 'guard\\_%%' AND tgenabled IN ('O', 'A') AND pg_table_is_visible(tgrelid)
UNION ALL
SELECT conname, conrelid::regclass::text, 'CONSTRAINT' FROM pg_constraint
WHERE conname LIKE 'guard\\_%%' AND convalidated AND pg_table_is_visible(conrelid)
"""
INSTALLED_ON_SQLITE = """
SELECT name, tbl_name, 'TRIGGER' FROM sqlite_master
WHERE type = 'trigger' AND name LIKE 'guard\\_%%' ESCAPE '\\'
"""


@dataclass(frozen=True)
class Guard:
    """One trigger or constraint; ``{name}`` in its statement ends in a digest of the statement.

    So equal names mean equal definitions, and a changed one replaces the old.
    """

    table: str
    statement: str

    @property
    def name(self) -> str:
        """The name it is installed by, at most 63 bytes."""
        digest = hashlib.sha256(self.statement.encode()).hexdigest()[:12]
        return f"{PREFIX}{self.table[:40]}_{digest}"


def tenant_models() -> list[type[models.Model]]:
    """Return the models whose rows carry a platform."""
    return [
        model
        for model in apps.get_models()
        if getattr(model, "tenancy", None) is Tenancy.TENANT
        and any(field.name == "platform" for field in model._meta.local_concrete_fields)
    ]


def links() -> list[models.ForeignKey[Any, Any]]:
    """Return every foreign key from a row with a platform to a row with a platform."""
    owned = set(tenant_models())
    return [
        field
        for model in tenant_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model in owned
    ]


def expected(vendor: str) -> list[Guard]:
    """Return the guards that the models ask for, in the order in which they can be installed."""
    build = {"postgresql": _on_postgresql, "sqlite": _on_sqlite}[vendor]
    return list(dict.fromkeys(build()))


def missing(connection: BaseDatabaseWrapper) -> list[Guard]:
    """Return the guards that should be in the database and are not; of existing tables only."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    there = {name for name, _table, _kind in _installed(connection)}
    return [
        guard
        for guard in expected(connection.vendor)
        if guard.table in tables and guard.name not in there
    ]


def install(connection: BaseDatabaseWrapper) -> None:
    """Bring the database's guards to what the models ask for; what is right is left alone."""
    wanted = {guard.name for guard in expected(connection.vendor)}
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(REFUSE_FUNCTION)
        for name, table, kind in _installed(connection):
            if name not in wanted:
                cursor.execute(_drop(connection.vendor, name, table, kind))
        for guard in missing(connection):
            cursor.execute(guard.statement.replace("{name}", guard.name))


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take all guards out: for a test's flush, or by hand before a repair of data."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for name, table, kind in _installed(connection):
            cursor.execute(_drop(connection.vendor, name, table, kind))


def withdraw_before_migrate(using: str, plan: Sequence[Any], **kwargs: Any) -> None:
    """Receive pre_migrate: on SQLite a trigger that names a table stops that table's rebuilding."""
    if plan and connections[using].vendor == "sqlite":
        remove(connections[using])


def reinstall_after_migrate(using: str, **kwargs: Any) -> None:
    """Receive post_migrate: install what is missing, whatever the migrations did."""
    install(connections[using])


def check_guards_are_installed(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn (``check --database default``, ``migrate``) of guards that the database lacks."""
    return [
        Warning(
            f"Database {alias!r} lacks {len(lacking)} guards: {', '.join(lacking)}.",
            hint="Run: manage.py migrate. It installs them.",
            id="platforms.W002",
        )
        for alias in databases or []
        if (lacking := [guard.name for guard in missing(connections[alias])])
    ]


def check_links_can_be_guarded(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Fail the system check for a link between tenant rows that no guard here can hold."""
    owned = tenant_models()
    loose = [link for link in links() if link.model._meta.get_field("platform").null]
    hidden = [
        field
        for model in apps.get_models()
        if model._meta.app_label in OUR_APPS
        for field in model._meta.local_many_to_many
        if model in owned and field.remote_field.through._meta.auto_created  # type: ignore[union-attr]
    ]
    return [
        Error(
            f"{field} is a link between tenant rows that the database cannot guard.",
            hint="The linking row (of a many-to-many: its own through model) needs a platform "
            "that is never empty.",
            obj=field,
            id="platforms.E003",
        )
        for field in (*loose, *hidden)
    ]


def _table(model: Any) -> str:
    return str(model._meta.db_table)


def _append_only() -> list[type[models.Model]]:
    return [apps.get_model(label) for label in APPEND_ONLY]


def _on_postgresql() -> Iterator[Guard]:
    for model in _append_only():
        yield Guard(
            _table(model),
            f'CREATE TRIGGER {{name}} BEFORE UPDATE OR DELETE OR TRUNCATE ON "{_table(model)}" '
            f"FOR EACH STATEMENT EXECUTE FUNCTION remosa_refuse('{_table(model)} only grows')",
        )
    for model in tenant_models():
        yield Guard(
            _table(model),
            f'CREATE TRIGGER {{name}} BEFORE UPDATE ON "{_table(model)}" FOR EACH ROW '
            "WHEN (OLD.platform_id IS DISTINCT FROM NEW.platform_id OR OLD.id <> NEW.id) EXECUTE "
            f"FUNCTION remosa_refuse('a row of {_table(model)} never changes its platform')",
        )
    for link in links():
        parent = _table(link.related_model)
        yield Guard(
            parent, f'ALTER TABLE "{parent}" ADD CONSTRAINT {{name}} UNIQUE (id, platform_id)'
        )
    for link in links():
        yield Guard(
            _table(link.model),
            f'ALTER TABLE "{_table(link.model)}" ADD CONSTRAINT {{name}} '
            f'FOREIGN KEY ("{link.column}", platform_id) '
            f'REFERENCES "{_table(link.related_model)}" (id, platform_id) '
            "DEFERRABLE INITIALLY DEFERRED",
        )


def _on_sqlite() -> Iterator[Guard]:
    for model in _append_only():
        for event, condition in (
            ("UPDATE", "TRUE"),
            ("DELETE", "TRUE"),
            # INSERT OR REPLACE would overwrite a row without firing a DELETE trigger.
            ("INSERT", f'EXISTS (SELECT 1 FROM "{_table(model)}" WHERE id = NEW.id)'),
        ):
            yield _trigger(f"BEFORE {event}", model, condition, "{table} only grows")
    for model in tenant_models():
        yield _trigger(
            "BEFORE UPDATE",
            model,
            "OLD.platform_id IS NOT NEW.platform_id OR OLD.id <> NEW.id",
            "a row of {table} never changes its platform",
        )
    for link in links():
        parent, child = _table(link.related_model), _table(link.model)
        for event in ("INSERT", f'UPDATE OF "{link.column}", platform_id'):
            yield _trigger(
                f"BEFORE {event}",
                link.model,
                f'EXISTS (SELECT 1 FROM "{parent}" WHERE id = NEW."{link.column}" '
                "AND platform_id IS NOT NEW.platform_id)",
                f"{{table}}.{link.column} links rows of two platforms",
            )
        yield _trigger(
            "AFTER INSERT",
            link.related_model,
            f'EXISTS (SELECT 1 FROM "{child}" WHERE "{link.column}" = NEW.id '
            "AND platform_id IS NOT NEW.platform_id)",
            f"{child}.{link.column} links rows of two platforms",
        )


def _trigger(event: str, model: Any, condition: str, message: str) -> Guard:
    table = _table(model)
    return Guard(
        table,
        f'CREATE TRIGGER {{name}} {event} ON "{table}" WHEN {condition} '
        f"BEGIN SELECT RAISE(ABORT, '{message.format(table=table)}'); END",
    )


def _installed(connection: BaseDatabaseWrapper) -> list[tuple[str, str, str]]:
    """Return name, table and sort of what is installed; links before what they stand on."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(INSTALLED_ON_POSTGRESQL + " ORDER BY 3, 1", [])
        else:
            cursor.execute(INSTALLED_ON_SQLITE, [])
        return list(cursor.fetchall())


def _drop(vendor: str, name: str, table: str, kind: str) -> str:
    if vendor == "sqlite":
        return f'DROP TRIGGER "{name}"'
    if kind == "TRIGGER":
        return f'DROP TRIGGER "{name}" ON {table}'
    # CASCADE: the unique pair goes together with the links that stand on it.
    return f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{name}" CASCADE'
