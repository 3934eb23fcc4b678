"""What the database itself must hold, as statements derived from the models; runs none of them.

1. A row never changes its platform; an adoptable one gets it once. 2. A link between rows of two
platforms cannot exist, even by raw SQL; a row of no platform may be linked to by all. 3. The audit
record only grows. 4. What a model declares as its `rules`.

PostgreSQL links by composite foreign keys, which hold under concurrency and for deferred rows.
SQLite has one writer at a time, and a table is rebuilt without what Django did not declare: there
triggers do it, on the parent's side too, so that the order of inserts is free.
"""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from .scoping import Tenancy

APPEND_ONLY = ("platforms.AuditEntry",)
PREFIX = "guard_"
NEVER_MOVES = "a row of {table} never changes its platform"
LINKED = "a row of {table} links rows of two platforms"


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


@dataclass(frozen=True)
class Rule:
    """What a model refuses besides: on which event (`BEFORE UPDATE OF state`), when, saying what.

    The condition is SQL that both databases read; it may look into other tables.
    """

    event: str
    condition: str
    message: str


def tenant_models() -> list[type[models.Model]]:
    """Return the models whose rows carry a platform."""
    return _models_of(Tenancy.TENANT)


def shared_models() -> list[type[models.Model]]:
    """Return the models whose rows carry a platform or belong to all."""
    return _models_of(Tenancy.SHARED)


def links() -> list[models.ForeignKey[Any, Any]]:
    """Return every foreign key from a row that may have a platform to a row of one platform."""
    return _links_to(tenant_models())


def shared_links() -> list[models.ForeignKey[Any, Any]]:
    """Return every foreign key to a row that belongs to one platform or to all."""
    return _links_to(shared_models())


def _models_of(tenancy: Tenancy) -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models()
        if getattr(model, "tenancy", None) is tenancy
        and any(field.name == "platform" for field in model._meta.local_concrete_fields)
    ]


def _links_to(owned: Collection[type[models.Model]]) -> list[models.ForeignKey[Any, Any]]:
    return [
        field
        for model in (*tenant_models(), *shared_models())
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
    for model in shared_models():
        yield _refusing(model, "BEFORE UPDATE", _moves_platform(model), NEVER_MOVES)
    for model, rule in _rules():
        yield _refusing(model, rule.event, rule.condition, rule.message)
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
        if link.model._meta.get_field("platform").null:
            # A composite key with an empty half is not looked at.
            yield Guard(
                _table(link.model),
                f'ALTER TABLE "{_table(link.model)}" ADD CONSTRAINT {{name}} '
                f'CHECK (platform_id IS NOT NULL OR "{link.column}" IS NULL)',
            )
    for link in shared_links():
        # By trigger: no key can say "equal or empty". It speaks at the end of the transaction.
        (child, condition), (parent, other) = _foreign(link)
        changed = f'AFTER INSERT OR UPDATE OF "{link.column}", platform_id'
        yield _refusing(child, changed, condition, LINKED, deferred=True)
        yield _refusing(parent, "AFTER INSERT", other, LINKED, deferred=True)


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
            NEVER_MOVES,
        )
    for model in shared_models():
        yield _trigger("BEFORE UPDATE", model, _moves_platform(model), NEVER_MOVES)
    for model, rule in _rules():
        yield _trigger(rule.event, model, rule.condition, rule.message)
    for link in shared_links():
        (child_model, condition), (parent_model, other) = _foreign(link)
        for event in ("INSERT", f'UPDATE OF "{link.column}", platform_id'):
            yield _trigger(f"AFTER {event}", child_model, condition, LINKED)
        yield _trigger("AFTER INSERT", parent_model, other, LINKED)
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


def _rules() -> Iterator[tuple[type[models.Model], Rule]]:
    for model in apps.get_models():
        for rule in getattr(model, "rules", ()):
            yield model, rule


def _moves_platform(model: Any) -> str:
    moved = "OLD.platform_id IS DISTINCT FROM NEW.platform_id"
    if model.adoptable:
        moved = f"(OLD.platform_id IS NOT NULL AND {moved})"
    return f"{moved} OR OLD.id <> NEW.id"


def _foreign(link: models.ForeignKey[Any, Any]) -> tuple[tuple[Any, str], tuple[Any, str]]:
    """Return child and parent of a link, and when a row of each makes their platforms differ.

    A row that waits to be adopted may come by way of any platform's: until then it is nobody's.
    """
    parent, child = _table(link.related_model), _table(link.model)
    adoptable = getattr(link.model, "adoptable", False)
    mine, theirs = ("NEW.platform_id IS NOT NULL AND ", "child.platform_id IS NOT NULL AND ")
    of_child = (
        link.model,
        (
            f'{mine if adoptable else ""}EXISTS (SELECT 1 FROM "{parent}" parent '
            f'WHERE parent.id = NEW."{link.column}" AND '
            "parent.platform_id IS NOT NULL AND "
            "parent.platform_id IS DISTINCT FROM NEW.platform_id)"
        ),
    )
    of_parent = (
        link.related_model,
        (
            f'NEW.platform_id IS NOT NULL AND EXISTS (SELECT 1 FROM "{child}" child WHERE '
            f'child."{link.column}" = NEW.id AND {theirs if adoptable else ""}'
            "child.platform_id IS DISTINCT FROM NEW.platform_id)"
        ),
    )
    return of_child, of_parent


def _refusing(
    model: Any, event: str, condition: str, message: str, *, deferred: bool = False
) -> Guard:
    """Return PostgreSQL's trigger; its own WHEN may not look into other tables, a function may."""
    table = _table(model)
    kind, when = ("CONSTRAINT ", "DEFERRABLE INITIALLY DEFERRED ") if deferred else ("", "")
    asked = condition.replace("NEW.", "($1).").replace("OLD.", "($2).").replace("'", "''")
    return Guard(
        table,
        f'CREATE {kind}TRIGGER {{name}} {event} ON "{table}" {when}FOR EACH ROW '
        f"EXECUTE FUNCTION remosa_refuse_if('{message.format(table=table)}', '{asked}')",
    )


def _trigger(event: str, model: Any, condition: str, message: str) -> Guard:
    table = _table(model)
    condition = condition.replace("IS DISTINCT FROM", "IS NOT")  # as old SQLite says it
    return Guard(
        table,
        f'CREATE TRIGGER {{name}} {event} ON "{table}" WHEN {condition} '
        f"BEGIN SELECT RAISE(ABORT, '{message.format(table=table)}'); END",
    )
