"""When jobs keep still: maintenance windows over a selection, and pauses of one job."""

from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from devices.models.stop import Stop, lasting
from jobs import windows
from platforms import wall_time
from platforms.scoping import ScopedQuerySet, TenantModel

from .job import Job


class WindowQuerySet(ScopedQuerySet):
    """Maintenance windows by when they come."""

    def to_come(self, now: datetime) -> "WindowQuerySet":
        """Keep those that last or may still come: each tells by its times whether it does."""
        return self.filter(Q(weekly=True) | Q(ends_at__gt=now), cancelled_at=None)


class MaintenanceWindow(TenantModel):
    """No job acts on what it covers while it lasts; with nothing named, on the whole platform.

    ``weekly``: it comes every week at the same local time, the last time before ``until``.
    ``time_zone``: by whose clock its beginning and end were typed; a weekly one keeps these hours
    when its place moves into another zone.
    """

    name = models.CharField(_("name"), max_length=120)
    starts_at = models.DateTimeField(_("begins"))
    ends_at = models.DateTimeField(_("ends"))
    time_zone = models.CharField(max_length=64, default="UTC", editable=False)
    weekly = models.BooleanField(_("every week"), default=False)
    until = models.DateField(_("until"), null=True, blank=True)
    job = models.ForeignKey(
        Job,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="windows",
        verbose_name=_("job"),
    )
    exporter = models.ForeignKey(
        "exporters.Exporter",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("exporter"),
    )
    site = models.ForeignKey(
        "platforms.Site",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("site"),
    )
    player = models.ForeignKey(
        "exporters.Player",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("player"),
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("author"),
    )
    author_name = models.CharField(_("author"), max_length=254, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, editable=False)

    objects: ClassVar = WindowQuerySet.as_manager()

    class Meta:
        verbose_name = _("maintenance window")
        verbose_name_plural = _("maintenance windows")
        ordering = ("-starts_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="window_ends_later"
            ),
        )
        indexes = (
            models.Index(
                fields=("platform", "ends_at"),
                name="window_lasting",
                condition=Q(cancelled_at=None),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def times(self) -> windows.Window:
        """Return when it lasts: moments, or of a weekly one the hours by the clock of its place."""
        if not self.weekly:
            return windows.Once(self.starts_at, self.ends_at)
        typed = ZoneInfo(self.time_zone)
        begins, ends = (wall_time.reading(at, typed) for at in (self.starts_at, self.ends_at))
        return windows.Weekly(begins, ends, self.until)


class JobPauseQuerySet(ScopedQuerySet):
    """Pauses of jobs."""

    def at(self, now: datetime) -> "JobPauseQuerySet":
        """Keep those that last."""
        return self.filter(lasting(now))


class JobPause(Stop, TenantModel):
    """One job acts on nothing until the pause is lifted or over; it goes on watching."""

    job = models.ForeignKey(
        Job, on_delete=models.CASCADE, related_name="pauses", verbose_name=_("job")
    )

    objects: ClassVar = JobPauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause of a job")
        verbose_name_plural = _("pauses of jobs")
        ordering = ("-pk",)
