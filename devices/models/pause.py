"""Pauses: nothing is switched while one lasts, everywhere, on a platform or on a socket."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from platforms.scoping import SharedModel, SharedQuerySet

from .device import Device


class PauseQuerySet(SharedQuerySet):
    """Pauses by what they stop."""

    def at(self, now: datetime) -> "PauseQuerySet":
        """Keep those that last."""
        lasting = models.Q(expires_at=None) | models.Q(expires_at__gt=now)
        return self.filter(lasting, lifted_at=None)

    def stopping(self, device: Device, now: datetime) -> "PauseQuerySet":
        """Keep those that stop a socket now: its own, its platform's, that of everything."""
        of_device = models.Q(device=None) | models.Q(device=device)
        return self.at(now).usable_on(device.platform_id).filter(of_device).order_by("pk")


class Pause(SharedModel):
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
    reason = models.CharField(_("reason"), max_length=255)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("author"),
    )
    author_name = models.CharField(_("author's name"), max_length=254, editable=False)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    lifted_at = models.DateTimeField(_("lifted"), null=True, editable=False)

    objects: ClassVar = PauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.reason
