"""Installing the guards and telling which are missing. What they are stands in guards.py."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.apps import AppConfig, apps
from django.core import checks
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .guards import Guard, expected, links, shared_links, tenant_models
from .scoping import OUR_APPS, Tenancy

REFUSE_FUNCTIONS = """
CREATE OR REPLACE FUNCTION remosa_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE FUNCTION remosa_refuse_if() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE refused boolean;
BEGIN
    EXECUTE 'SELECT ' || TG_ARGV[1] INTO refused USING NEW, OLD;
    IF refused THEN
        RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
"""
INSTALLED_ON_POSTGRESQL = """
SELECT tgname, tgrelid::regclass::text, 'TRIGGER' FROM pg_trigger
WHERE tgname LIKE 'guard\\_%%' AND tgenabled IN ('O', 'A') AND pg_table_is_visible(tgrelid)
UNION ALL
SELECT conname, conrelid::regclass::text, 'CONSTRAINT' FROM pg_constraint
WHERE conname LIKE 'guard\\_%%' AND convalidated AND pg_table_is_visible(conrelid)
    AND contype <> 't'
"""
INSTALLED_ON_SQLITE = """
SELECT name, tbl_name, 'TRIGGER' FROM sqlite_master
WHERE type = 'trigger' AND name LIKE 'guard\\_%%' ESCAPE '\\'
"""


def missing(connection: BaseDatabaseWrapper) -> list[Guard]:
    """Return the guards that should be in the database and are not; of existing tables only."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    there = {name for name, _table, _kind in _installed(connection)}
    # A guard of one table may look into another, which an older migration does not know yet.
    absent = [model._meta.db_table for model in apps.get_models()]
    unknown = re.compile(
        "|".join(rf"\b{name}\b" for name in absent if name not in tables) or "(?!)"
    )
    return [
        guard
        for guard in expected(connection.vendor)
        if guard.name not in there and not unknown.search(guard.statement)
    ]


def install(connection: BaseDatabaseWrapper) -> None:
    """Bring the database's guards to what the models ask for; what is right is left alone."""
    wanted = {guard.name for guard in expected(connection.vendor)}
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(REFUSE_FUNCTIONS)
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


@contextmanager
def lifted(connection: BaseDatabaseWrapper, model: type[models.Model]) -> Iterator[None]:
    """Let rows of a table that only grows be deleted until the block ends, in its transaction.

    Meanwhile nobody else reads or writes it: the blocks are to be short. Whatever fails in one
    undoes it whole, the guards are never missing for others.
    """
    of_table = [each for each in _installed(connection) if each[1] == model._meta.db_table]
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL lock_timeout = '3s'")  # others wait behind who waits
        for name, table, kind in of_table:
            if kind == "TRIGGER":
                cursor.execute(_drop(connection.vendor, name, table, kind))
        yield
        for guard in missing(connection):
            if guard.table == model._meta.db_table:
                cursor.execute(guard.statement.replace("{name}", guard.name))


def withdraw_before_migrate(using: str, plan: Sequence[Any], **kwargs: Any) -> None:
    """Receive pre_migrate: on SQLite a trigger that names a table stops that table's rebuilding."""
    if plan and connections[using].vendor == "sqlite":
        remove(connections[using])


def reinstall_after_migrate(using: str, **kwargs: Any) -> None:
    """Receive post_migrate: install what is missing, whatever the migrations did."""
    install(connections[using])


def check_guards_are_installed(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Warn (``check --database default``, ``migrate``) of guards that the database lacks."""
    return [
        checks.Warning(
            f"Database {alias!r} lacks {len(lacking)} guards: {', '.join(lacking)}.",
            hint="Run: manage.py migrate. It installs them.",
            id="platforms.W002",
        )
        for alias in databases or []
        if (lacking := [guard.name for guard in missing(connections[alias])])
    ]


def check_links_can_be_guarded(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Fail the system check for a link between tenant rows that no guard here can hold."""
    owned = tenant_models()
    loose = [
        link
        for link in (*links(), *shared_links())
        if link.model in owned and link.model._meta.get_field("platform").null
    ]
    hidden = [
        field
        for model in apps.get_models()
        if model._meta.app_label in OUR_APPS
        for field in model._meta.local_many_to_many
        if getattr(model, "tenancy", None) in (Tenancy.TENANT, Tenancy.SHARED)
        and field.remote_field.through._meta.auto_created  # type: ignore[union-attr]
    ]
    return [
        checks.Error(
            f"{field} is a link between tenant rows that the database cannot guard.",
            hint="The linking row (of a many-to-many: its own through model) needs a platform "
            "that is never empty.",
            obj=field,
            id="platforms.E003",
        )
        for field in (*loose, *hidden)
    ]


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
