"""What the database itself must hold, as statements derived from the models; runs none of them.

1. A tenant row never changes its platform. 2. A link between rows of two platforms cannot exist,
even by raw SQL. 3. The audit record only grows.

PostgreSQL links by composite foreign keys, which hold under concurrency and for deferred rows.
SQLite has one writer at a time, and a table is rebuilt without what Django did not declare: there
triggers do it, on the parent's side too, so that the order of inserts is free.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from .scoping import Tenancy

APPEND_ONLY = ("platforms.AuditEntry",)
PREFIX = "guard_"


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
