"""Whose clock counts: that of a job, of a site, of a platform. Decides nothing."""

from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import CharField, F, Value
from django.db.models.functions import Coalesce, NullIf

from platforms.models import Platform, Site

from .models import Job, MaintenanceWindow

#: The name of a job's zone, for querysets of jobs.
NAME_OF_JOB: Any = Coalesce(
    NullIf(F("time_zone"), Value("")), F("platform__time_zone"), output_field=CharField()
)


def of_job(job: Job) -> ZoneInfo:
    """Return the zone of a job's schedule: its own, or that of its platform."""
    return ZoneInfo(job.time_zone or job.platform.time_zone)


def of_place(platform: Platform, site: Site | None) -> ZoneInfo:
    """Return the zone of a site, or of its platform where it names none."""
    return ZoneInfo((site.time_zone if site is not None else "") or platform.time_zone)


def of_window(row: MaintenanceWindow) -> ZoneInfo:
    """Return the zone of a window: that of its site or of its player's, or that of its platform."""
    site = row.player.site if row.player is not None else row.site
    return of_place(row.platform, site)
