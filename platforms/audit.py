"""Writing the audit record. It never finds out by itself who acts: the door passes the actor.

Lines keep phone numbers in full; `without_phones` is what readers get who may not see them.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.http import HttpRequest
from django.utils import translation

from .models import AuditEntry, User
from .models.audit import Action

__all__ = [
    "SYSTEM",
    "Action",
    "Actor",
    "difference",
    "record",
    "record_many",
    "snapshot",
    "without_phones",
]

# So many digits, as people write numbers and as an address holds what they searched for; no dates.
# An hour hidden by mistake costs less than a number shown.
_PHONE = re.compile(
    r"(?<![0-9])(?<!:[0-9]{2}\.)\+?(?![0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9]))"
    r"[0-9](?:(?:[ ()+-]|%2[0-9A-F]){0,4}[0-9]){6,}"
)
_HIDDEN = "•••"


@dataclass(frozen=True)
class Actor:
    """Who acts, by way of what, and from which address."""

    label: str
    via: str
    user_id: int | None = None
    address: str | None = None

    @classmethod
    def of_request(cls, request: HttpRequest, via: str = "admin") -> "Actor":
        """Describe the person or the machine behind a request."""
        user = request.user
        return cls(
            label=str(user) if user.is_authenticated else "anonymous",
            via=via,
            user_id=user.pk if isinstance(user, User) else None,
            address=client_address(request),
        )


SYSTEM = Actor(label="Remosa", via="system")


def client_address(request: HttpRequest) -> str | None:
    """Return the caller's address: the peer, or behind N trusted proxies the N-th from the right.

    Anything further left in X-Forwarded-For was written by the caller and proves nothing.
    """
    peer: str | None = request.META.get("REMOTE_ADDR") or None
    trusted: int = settings.TRUSTED_PROXIES
    chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if trusted and len(chain) >= trusted and chain[-trusted]:
        return chain[-trusted]
    return peer


def snapshot(instance: models.Model) -> dict[str, Any]:
    """Return the row's values as JSON types; of secret fields only whether they are set."""
    values: dict[str, Any] = {}
    for field in instance._meta.concrete_fields:
        if getattr(field, "audit_hidden", False):
            values[field.attname] = "set" if getattr(instance, field.attname) else ""
        elif field.editable or field.primary_key:
            values[field.attname] = field.value_from_object(instance)
    plain: dict[str, Any] = json.loads(json.dumps(values, cls=DjangoJSONEncoder, default=str))
    return plain


def difference(
    before: Mapping[str, Any], after: Mapping[str, Any], secrets_changed: Iterable[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what stood before and what stands after, of the changed values alone."""
    changed = [key for key in after if before.get(key) != after[key] or key in set(secrets_changed)]
    return {key: before.get(key) for key in changed}, {key: after[key] for key in changed}


def without_phones(value: Any) -> Any:
    """Return JSON values of a line as those may read them who see no phone numbers."""
    if isinstance(value, str):
        return _PHONE.sub(_HIDDEN, value)
    if isinstance(value, list):
        return [without_phones(each) for each in value]
    if isinstance(value, Mapping):
        return {name: without_phones(each) for name, each in value.items()}
    return value


def record(
    actor: Actor,
    action: Action,
    target: models.Model | str,
    *,
    platform_id: int | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Write one act into the record, in the caller's transaction; text targets name a page."""
    entry = _entry(actor, action, target, platform_id, before, after)
    entry.save(force_insert=True)
    return entry


def record_many(
    actor: Actor,
    action: Action,
    acts: Iterable[tuple[models.Model, Mapping[str, Any], Mapping[str, Any]]],
    *,
    platform_id: int,
) -> None:
    """Write the same act on many rows: (row, before, after); a line each, few statements."""
    entries = [_entry(actor, action, row, platform_id, old, new) for row, old, new in acts]
    AuditEntry.objects.bulk_create(entries, batch_size=1000)


def _entry(
    actor: Actor,
    action: Action,
    target: models.Model | str,
    platform_id: int | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> AuditEntry:
    row = target if isinstance(target, models.Model) else None
    with translation.override(settings.LANGUAGE_CODE):  # not in that of whoever acts
        name = str(target)[:255]
    return AuditEntry(
        platform_id=platform_id,
        actor_id=actor.user_id,
        actor=actor.label[:254],
        via=actor.via,
        address=actor.address,
        action=action,
        target_type=row._meta.label_lower if row is not None else "",
        target_id=str(row.pk) if row is not None else "",
        target=name,
        before=dict(before or {}),
        after=dict(after or {}),
    )
