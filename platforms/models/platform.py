"""The tenant itself and its places."""

from functools import cache
from typing import ClassVar
from zoneinfo import available_timezones

from django.db import models
from django.utils.translation import gettext_lazy as _

from platforms.scoping import ScopedQuerySet, Tenancy, TenantModel


def time_zone_choices() -> list[tuple[str, str]]:
    """Return every IANA time zone that names a place, sorted."""
    return [(zone, zone) for zone in sorted(_time_zones()) if "/" in zone or zone == "UTC"]


@cache
def _time_zones() -> set[str]:
    """Return what the machine knows: finding it opens 600 files, and each form asks."""
    return available_timezones()


class PlatformQuerySet(ScopedQuerySet):
    """Platforms; the row is its own tenant."""

    platform_lookup: ClassVar[str] = "pk"

    def locked(self, platform_id: int) -> "Platform":
        """Return the row locked until the transaction ends: what its limits are counted under.

        NO KEY: rows that merely refer to the platform can still be inserted by others. On SQLite
        the whole write transaction (BEGIN IMMEDIATE) is the lock.
        """
        platform: Platform = self.select_for_update(no_key=True).get(pk=platform_id)
        return platform


class Platform(models.Model):
    """One client company. Empty limits mean unlimited; an inactive platform is shut for members."""

    tenancy: ClassVar[Tenancy] = Tenancy.TENANT

    name = models.CharField(_("name"), max_length=120, unique=True)
    description = models.TextField(_("description"), blank=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Europe/Moscow", choices=time_zone_choices
    )
    players_limit = models.PositiveIntegerField(
        _("players limit"), null=True, blank=True, help_text=_("Empty means unlimited.")
    )
    sockets_limit = models.PositiveIntegerField(
        _("sockets limit"), null=True, blank=True, help_text=_("Empty means unlimited.")
    )
    sms_limit_day = models.PositiveIntegerField(
        _("SMS a day"), null=True, blank=True, help_text=_("Empty means unlimited.")
    )
    sms_limit_month = models.PositiveIntegerField(
        _("SMS a month"), null=True, blank=True, help_text=_("Empty means unlimited.")
    )
    active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Members of an inactive platform cannot enter it and nothing of it is polled."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = PlatformQuerySet.as_manager()

    class Meta:
        verbose_name = _("platform")
        verbose_name_plural = _("platforms")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Site(TenantModel):
    """A place with players: a mall, a cinema, a shop."""

    name = models.CharField(_("name"), max_length=120)
    address = models.CharField(_("address"), max_length=255, blank=True)
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        choices=time_zone_choices,
        help_text=_("Empty: the platform's time zone."),
    )

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("platform", "name"),
                name="site_name_once_a_platform",
                violation_error_message=_("This platform already has a site with this name."),
            ),
        )

    def __str__(self) -> str:
        return self.name
