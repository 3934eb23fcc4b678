"""Pauses: nothing is switched while one lasts, everywhere, on a platform or on a socket."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from platforms.scoping import SharedModel, SharedQuerySet

from .device import Device
from .stop import Stop, lasting


class PauseQuerySet(SharedQuerySet):
    """Pauses by what they stop."""

    def at(self, now: datetime) -> "PauseQuerySet":
        """Keep those that last."""
        return self.filter(lasting(now))

    def stopping(self, device: Device, now: datetime) -> "PauseQuerySet":
        """Keep those that stop a socket now: its own, its platform's, that of everything."""
        of_device = models.Q(device=None) | models.Q(device=device)
        return self.at(now).usable_on(device.platform_id).filter(of_device).order_by("pk")


class Pause(Stop, SharedModel):
    """No switching until it is lifted or over. Of no platform: everything stands still."""

    device = models.ForeignKey(
        Device,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="pauses",
        verbose_name=_("socket"),
        help_text=_("Empty: every socket of the platform."),
    )

    objects: ClassVar = PauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        ordering = ("-pk",)
