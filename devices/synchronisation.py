"""Bringing the rows of socket models and shared templates to what the catalogue says.

Never deletes: what left the catalogue is withdrawn, and comes back when the catalogue has it again.
Templates that people wrote are left alone.
"""

from django.db import transaction
from django.utils import timezone

from . import catalogue
from .models import CommandTemplate, DeviceModel
from .templates import Danger, Template


def synchronise() -> int:
    """Make rows of what is new, withdraw what is gone; return how many rows changed."""
    known = catalogue.models()
    with transaction.atomic():
        changed = sum(_synchronise(model) for model in known.values())
        gone = DeviceModel.objects.filter(withdrawn_at=None).exclude(key__in=known)
        return changed + gone.update(withdrawn_at=timezone.now())


def _synchronise(model: catalogue.Model) -> int:
    values = {"name": model.name, "version": model.version, "withdrawn_at": None}
    row, is_new = DeviceModel.objects.get_or_create(key=model.key, defaults=values)
    stale = DeviceModel.objects.filter(pk=row.pk).exclude(**values)
    changed = int(is_new) or stale.update(**values)
    shared = CommandTemplate.objects.filter(model=row, platform=None, definition__isnull=True)
    gone = shared.offered().exclude(key__in=model.by_key)
    back = shared.filter(key__in=model.by_key).exclude(withdrawn_at=None)
    changed += gone.update(withdrawn_at=timezone.now()) + back.update(withdrawn_at=None)
    there = set(shared.values_list("key", flat=True))
    new = [
        CommandTemplate(model=row, key=key, for_jobs=_for_jobs(template))
        for key, template in model.by_key.items()
        if key not in there
    ]
    CommandTemplate.objects.bulk_create(new, ignore_conflicts=True)
    return changed + len(new)


def _for_jobs(template: Template) -> bool:
    """Jobs begin with what leaves the power on; an installation may change it."""
    return template.danger in (Danger.NONE, Danger.POWER)
