"""What is said to whoever changes a job that somebody else changed since: who it was, and when."""

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from platforms.models import AuditEntry

from .models import Job


class Outdated(Exception):
    """Somebody changed or removed the job since the person looked at it; says who and when."""

    def __init__(self, row: Job) -> None:
        entries = AuditEntry.objects.filter(
            target_type=row._meta.label_lower, target_id=str(row.pk)
        )
        last = entries.filter(platform=row.platform_id).order_by("-pk").first()
        when = localtime(last.at if last is not None else row.changed_at)
        told = _("%(who)s changed this job at %(when)s, after you had opened it.")
        values = {"who": last.actor if last is not None else "–"}
        super().__init__(told % {**values, "when": date_format(when, "SHORT_DATETIME_FORMAT")})
