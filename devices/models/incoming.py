"""Messages that came from sockets, or from whoever else writes to a gateway; and its inbox."""

import secrets
from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.replies import Meaning
from platforms.scoping import GlobalModel, GlobalQuerySet, ScopedQuerySet, SharedModel

from .command import Command
from .device import Device
from .gateway import SmsGateway

KEY_BYTES = 24  # of the address of a webhook: nobody guesses it
MAINS = (Meaning.MAINS_LOST.value, Meaning.MAINS_BACK.value)


def new_key() -> str:
    """Return the part of a webhook's address that nobody guesses."""
    return secrets.token_urlsafe(KEY_BYTES)


class IncomingSmsQuerySet(ScopedQuerySet):
    """Messages by whether they were read."""

    def unread(self) -> "IncomingSmsQuerySet":
        """Keep those of which nobody has looked yet what they say."""
        return self.filter(read_at=None)


class IncomingSms(SharedModel):
    """One message, stored once. Of no platform while nobody's socket is known to have sent it.

    ``identity`` is the gateway's own number of it, or a digest of sender, time, text and the
    occurrence since it was last absent from a poll. ``moment`` is when it was sent, as far as that
    is known and was not after it came. ``meaning`` has what ``kind`` leaves out: outlets, level.
    """

    adoptable: ClassVar[bool] = True

    gateway = models.ForeignKey(
        SmsGateway, on_delete=models.PROTECT, related_name="incoming", verbose_name=_("gateway")
    )
    identity = models.CharField(_("identity"), max_length=128, editable=False)
    sender = models.CharField(_("sender"), max_length=64)
    text = models.TextField(_("text"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    moment = models.DateTimeField(default=timezone.now, editable=False)
    read_at = models.DateTimeField(null=True, editable=False)
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
    kind = models.CharField(
        _("meaning"),
        max_length=16,
        blank=True,
        choices=[(each.value, each.label) for each in Meaning],
        editable=False,
    )
    meaning = models.JSONField(_("details"), default=dict, editable=False)

    # Not that of shared rows: what nobody's socket sent is for superadmins alone.
    objects: ClassVar = IncomingSmsQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("incoming message")
        verbose_name_plural = _("incoming messages")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=("gateway", "identity"), name="incoming_once"),
        )
        indexes = (
            models.Index(fields=("device", "-id"), name="incoming_by_device"),
            models.Index(fields=("id",), name="incoming_unread", condition=models.Q(read_at=None)),
            models.Index(
                fields=("device", "moment", "id"),
                name="incoming_of_mains",
                condition=models.Q(kind__in=MAINS),
            ),
        )

    def __str__(self) -> str:
        return self.sender


class GatewayInboxQuerySet(GlobalQuerySet):
    """Inboxes, which are made when they are first needed."""

    def of(self, gateway: SmsGateway) -> "GatewayInbox":
        """Return the inbox of a gateway."""
        inbox: GatewayInbox = self.get_or_create(gateway=gateway)[0]
        return inbox


class GatewayInbox(GlobalModel):
    """What is remembered of a gateway's messages. Its row is the lock of polls and webhooks.

    ``fence`` counts polls; one lasts until ``polling_until``. ``fault`` is why the last one failed
    and ``failing_since`` when that began.
    """

    gateway = models.OneToOneField(
        SmsGateway, on_delete=models.CASCADE, related_name="inbox", editable=False
    )
    key = models.CharField(max_length=43, unique=True, default=new_key, editable=False)
    fence = models.PositiveIntegerField(default=0, editable=False)
    polling_until = models.DateTimeField(null=True, editable=False)
    polled_at = models.DateTimeField(_("last polled"), null=True, editable=False)
    called_at = models.DateTimeField(_("last call"), null=True, editable=False)
    fault = models.CharField(_("fault"), max_length=32, blank=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)

    objects: ClassVar = GatewayInboxQuerySet.as_manager()

    class Meta:
        verbose_name = _("inbox of a gateway")
        verbose_name_plural = _("inboxes of gateways")

    def __str__(self) -> str:
        return str(self.gateway_id)

    @property
    def webhook_path(self) -> str:
        """Return the path of the address that the gateway is to call."""
        return reverse("gateway-webhook", args=[self.key])


class InboxOccurrence(GlobalModel):
    """How often a text without a time came from one sender: see `inbox_identity.Occurrences`.

    It stays for ever: a number that was forgotten would be given again, to another message, which
    would then be taken for the first one and lost.
    """

    inbox = models.ForeignKey(
        GatewayInbox, on_delete=models.CASCADE, related_name="occurrences", editable=False
    )
    mark = models.CharField(max_length=64, editable=False)
    number = models.PositiveIntegerField(editable=False)
    listed = models.PositiveIntegerField(editable=False)
    ahead = models.PositiveIntegerField(editable=False)

    class Meta:
        verbose_name = _("repeated message of an inbox")
        verbose_name_plural = _("repeated messages of inboxes")
        constraints = (
            models.UniqueConstraint(fields=("inbox", "mark"), name="occurrence_once_an_inbox"),
        )
        indexes = (
            models.Index(
                fields=("inbox",),
                name="occurrence_that_lasts",
                condition=models.Q(listed__gt=0) | models.Q(ahead__gt=0),
            ),
        )

    def __str__(self) -> str:
        return f"{self.mark[:12]}-{self.number}"
