"""Messages that came from sockets, or from whoever else writes to a gateway."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from platforms.scoping import ScopedQuerySet, SharedModel

from .command import Command
from .device import Device
from .gateway import SmsGateway


class IncomingSms(SharedModel):
    """One message, stored once. Of no platform while nobody's socket is known to have sent it.

    ``identity`` is the gateway's own number of it, or a digest of sender, time, text and the
    occurrence since it was last absent from a poll.
    """

    adoptable: ClassVar[bool] = True

    gateway = models.ForeignKey(
        SmsGateway, on_delete=models.PROTECT, related_name="incoming", verbose_name=_("gateway")
    )
    identity = models.CharField(_("identity"), max_length=128, editable=False)
    sender = models.CharField(_("sender"), max_length=64)
    text = models.TextField(_("text"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    device = models.ForeignKey(
        Device,
        on_delete=models.SET_NULL,
        null=True,
        related_name="incoming",
        verbose_name=_("socket"),
    )
    command = models.ForeignKey(
        Command,
        on_delete=models.SET_NULL,
        null=True,
        related_name="replies",
        verbose_name=_("command"),
    )
    meaning = models.JSONField(_("meaning"), default=dict, editable=False)

    # Not that of shared rows: what nobody's socket sent is for superadmins alone.
    objects: ClassVar = ScopedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("incoming message")
        verbose_name_plural = _("incoming messages")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=("gateway", "identity"), name="incoming_once"),
        )
        indexes = (models.Index(fields=("device", "-id"), name="incoming_by_device"),)

    def __str__(self) -> str:
        return self.sender
