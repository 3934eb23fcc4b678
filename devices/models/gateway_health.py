"""How gateways are doing, as those who send and ask wrote it down.

Apart from their settings: whoever saves these writes nothing over that workers noted meanwhile.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.gateways.shape import Reason
from platforms.scoping import GlobalModel

from .gateway import SmsGateway


class HeldReason(models.TextChoices):
    """Why nothing is sent for now that is no failure of the gateway."""

    MINUTE = "minute", _("It has had its messages of this minute.")


class GatewayHealth(GlobalModel):
    """One gateway. ``held_until``: no command is sent before; ``held_reason``: why, by its code.

    ``failing_since`` is the first of the failures in a row.
    """

    gateway = models.OneToOneField(
        SmsGateway,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="health",
        editable=False,
    )
    held_until = models.DateTimeField(_("held until"), null=True)
    held_reason = models.CharField(max_length=32, blank=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    accepted_at = models.DateTimeField(_("last took a message"), null=True)

    class Meta:
        verbose_name = _("condition of a gateway")
        verbose_name_plural = _("conditions of gateways")

    def __str__(self) -> str:
        return str(self.gateway)

    @property
    def why_held(self) -> str:
        """Return why it is held, for people."""
        if self.held_reason in HeldReason.values:
            return str(HeldReason(self.held_reason).label)
        return next((str(each) for each in Reason if each.value == self.held_reason), "")
