"""Bringing the rows of metrics to what the catalogue says.

Never deletes: conditions may be about what left the catalogue. That is withdrawn, and comes back
when the catalogue has it again.
"""

from django.db import transaction
from django.utils import timezone

from . import catalogue
from .models import MonitoringMetric


def synchronise() -> int:
    """Make rows of what is new, withdraw what is gone; return how many rows changed."""
    known = catalogue.metrics()
    with transaction.atomic():
        changed = 0
        for metric in known.values():
            values = {
                "kind": metric.kind,
                "identity": metric.identity,
                "unit": metric.unit,
                "in_catalogue": True,
                "withdrawn_at": None,
            }
            first = {**values, "found_at": timezone.now()}
            row, is_new = MonitoringMetric.objects.get_or_create(name=metric.name, defaults=first)
            stale = MonitoringMetric.objects.filter(pk=row.pk).exclude(**values)
            changed += int(is_new) or stale.update(**values)
        gone = MonitoringMetric.objects.offered().filter(in_catalogue=True).exclude(name__in=known)
        return changed + gone.update(withdrawn_at=timezone.now())
