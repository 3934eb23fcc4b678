"""Power outages, as sockets tell of them: mains lost begins one, mains back or a person ends it."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from platforms.scoping import TenantModel

from .device import Device
from .incoming import IncomingSms


class PowerOutage(TenantModel):
    """A socket without mains, from then till then; at most one of a socket is not over."""

    device = models.ForeignKey(
        Device, on_delete=models.CASCADE, related_name="outages", verbose_name=_("socket")
    )
    began = models.DateTimeField(_("began"))
    ended = models.DateTimeField(_("ended"), null=True)
    told_by = models.ForeignKey(
        IncomingSms,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("told by"),
    )
    ended_by = models.ForeignKey(
        IncomingSms,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("end told by"),
    )
    #: A person who knew it was over where the message of that was lost, and from what.
    closed_by = models.CharField(_("closed by"), max_length=254, blank=True)
    closed_reason = models.CharField(_("reason"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("power outage")
        verbose_name_plural = _("power outages")
        ordering = ("-began", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("device",), condition=Q(ended=None), name="one_outage_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ended=None) | Q(ended__gte=F("began")),
                name="outage_ends_not_earlier",
            ),
        )
        indexes = (models.Index(fields=("device", "-began"), name="outage_by_device"),)

    def __str__(self) -> str:
        return f"{self.device} · {self.began:%Y-%m-%d %H:%M}"
