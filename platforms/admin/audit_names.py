"""Names of the rows whose numbers a line of the audit record keeps, as this person may read them.

A fixed number of queries for each link of the line, whatever the record holds.
"""

from collections.abc import Collection, Mapping
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Max

from platforms.models import AuditEntry, Membership, User

Names = Mapping[tuple[str, object], str]  # by column and number


def names_in(entry: AuditEntry, person: User) -> Names:
    """Return the names that are known; what was deleted before anybody recorded it has none.

    First as the record had it at that moment, else as the row is called now.
    """
    found: dict[tuple[str, object], str] = {}
    for column, model in _links(entry).items():
        numbers = {
            values[column]
            for values in (entry.before, entry.after)
            if isinstance(values.get(column), int)
        }
        names = _then(entry, person, model, numbers)
        if numbers - names.keys():
            names = _now(entry, person, model, numbers) | names
        found |= {(column, number): name for number, name in names.items()}
    return found


def _links(entry: AuditEntry) -> dict[str, type[models.Model]]:
    """Return which rows the columns of the line are numbers of."""
    try:
        fields = apps.get_model(entry.target_type)._meta.concrete_fields
    except (LookupError, ValueError):
        return {}
    return {
        field.attname: field.related_model
        for field in fields
        if isinstance(field, models.ForeignKey)
        if field.attname in entry.before or field.attname in entry.after
    }


def _then(
    entry: AuditEntry, person: User, model: type[models.Model], numbers: Collection[int]
) -> dict[int, str]:
    """Return what the record called these rows up to the line."""
    told = AuditEntry.objects.for_user(person).filter(
        target_type=model._meta.label_lower,
        target_id__in=[str(number) for number in numbers],
        pk__lte=entry.pk,
    )
    last = told.order_by().values("target_id").annotate(last=Max("pk")).values("last")
    rows = AuditEntry.objects.filter(pk__in=last).values_list("target_id", "target")
    return {int(number): name for number, name in rows}


def _now(entry: AuditEntry, person: User, model: Any, numbers: Collection[int]) -> dict[int, str]:
    """Return what rows that the person may see are called; members are known to each other."""
    if model is User and not person.is_superuser:
        members = Membership.objects.for_user(person).filter(
            platform_id=entry.platform_id, user__in=numbers
        )
        return {row.user_id: str(row.user) for row in members.select_related("user")}
    rows = model.objects.for_user(person).filter(pk__in=numbers)
    return {row.pk: str(row) for row in rows}
