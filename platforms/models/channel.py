"""Channels: where notices are sent, and what became of the last ones."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from platforms.notice_kinds import Severity
from platforms.scoping import GlobalModel, ScopedQuerySet, SharedModel
from platforms.secrets import EncryptedField, SecretRow


class ChannelKind(models.TextChoices):
    """By what a channel reaches people."""

    MAIL = "mail", _("E-mail, through the mail server of this installation")
    SERVICE = "service", _("Messenger, webhook or another service, by its address")
    WEBHOOK = "webhook", _("Signed JSON webhook, to a program of one's own")


class NotificationChannel(SecretRow, SharedModel):
    """Where notices go. Of no platform: to superadmins, about the installation.

    ``address`` holds tokens: it is written and never shown; ``scheme`` says which service it is.
    ``secret`` signs the messages of a webhook.
    ``disabled_reason`` is set when Remosa switched the channel off by itself. ``quiet_from`` and
    ``quiet_until`` are times of day by the clock of its platform, both or neither.
    """

    platform = models.ForeignKey(
        "platforms.Platform",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("platform"),
        help_text=_("Empty: for superadmins, about the installation."),
    )
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(
        _("by way of"), max_length=16, choices=ChannelKind.choices, default=ChannelKind.MAIL
    )
    recipients = models.TextField(
        _("recipients"), blank=True, help_text=_("E-mail addresses, one a line.")
    )
    address = EncryptedField(_("address of the service"), blank=True, default="")
    secret = EncryptedField(_("secret"), blank=True, default="")
    scheme = models.CharField(_("service"), max_length=16, blank=True, editable=False)
    language = models.CharField(
        _("language"),
        max_length=8,
        choices=settings.LANGUAGES,
        default="en",
    )
    kinds = models.JSONField(_("events"), default=list, blank=True)
    least_severity = models.PositiveSmallIntegerField(
        _("at least"), choices=Severity.choices, default=Severity.WARNING
    )
    hears_platforms = models.BooleanField(
        _("hears of every platform"),
        default=False,
        help_text=_("Otherwise of what concerns the installation alone."),
    )
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    enabled = models.BooleanField(_("enabled"), default=True)
    disabled_reason = models.CharField(
        _("switched off because"), max_length=255, blank=True, editable=False
    )
    last_error = models.CharField(_("last error"), max_length=255, blank=True, editable=False)
    last_error_at = models.DateTimeField(_("failed"), null=True, editable=False)
    last_sent_at = models.DateTimeField(_("last sent"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    # Not that of shared rows: channels of no platform are for superadmins alone.
    objects: ClassVar = ScopedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("notification channel")
        verbose_name_plural = _("notification channels")
        ordering = ("name", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(platform=None) | Q(hears_platforms=False),
                name="channel_of_a_platform_hears_it_alone",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False)
                & ~Q(quiet_from=F("quiet_until")),
                name="channel_is_quiet_from_a_time_until_another",
            ),
        )

    def __str__(self) -> str:
        return self.name


class DeliveryState(models.TextChoices):
    """Where a delivery stands."""

    COLLECTING = "collecting", _("waiting")
    SENDING = "sending", _("being sent")
    RETRYING = "retrying", _("to be tried again")
    SENT = "sent", _("sent")
    GIVEN_UP = "given_up", _("given up")
    DROPPED = "dropped", _("dropped")


UNFINISHED = (DeliveryState.COLLECTING, DeliveryState.SENDING, DeliveryState.RETRYING)


class DeliveryQuerySet(ScopedQuerySet):
    """Deliveries by where they stand."""

    def unfinished(self) -> "DeliveryQuerySet":
        """Keep those that are still to arrive."""
        return self.filter(state__in=UNFINISHED)


class Delivery(SharedModel):
    """One message to one channel: notices of one family, until it arrived or was given up.

    The row is the queue. While it is COLLECTING further notices join it, ``next_try`` is when it
    leaves; while it is SENDING a worker holds it until ``lease_until``, by its ``fence``. Where it
    was due and its channel quiet, it waits since ``quiet_since``: that time costs no patience.
    """

    platform = models.ForeignKey(
        "platforms.Platform",
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("platform"),
    )
    channel = models.ForeignKey(
        NotificationChannel,
        on_delete=models.CASCADE,
        related_name="deliveries",
        verbose_name=_("channel"),
    )
    family = models.CharField(_("event"), max_length=32)
    state = models.CharField(
        _("state"),
        max_length=16,
        choices=DeliveryState.choices,
        default=DeliveryState.COLLECTING,
    )
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_try = models.DateTimeField(_("next try"))
    fence = models.PositiveIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    first_try_at = models.DateTimeField(_("first try"), null=True)
    patient_until = models.DateTimeField(null=True, editable=False)
    quiet_since = models.DateTimeField(null=True, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True)
    error = models.CharField(_("error"), max_length=255, blank=True)
    created_at = models.DateTimeField(_("created"))

    objects: ClassVar = DeliveryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("channel", "family"),
                condition=Q(state=DeliveryState.COLLECTING),
                name="delivery_collects_once_a_family",
            ),
            models.CheckConstraint(
                condition=~Q(state=DeliveryState.SENDING) | Q(lease_until__isnull=False),
                name="delivery_that_is_sent_has_a_lease",
            ),
        )
        indexes = (
            models.Index(
                fields=("next_try",),
                name="delivery_queue",
                condition=Q(state__in=[state.value for state in UNFINISHED]),
            ),
            models.Index(fields=("channel", "family", "-id"), name="delivery_of_channel"),
            models.Index(fields=("platform", "-id"), name="delivery_page"),
        )

    def __str__(self) -> str:
        return f"{self.channel} · {self.family}"


class DeliveryTotal(GlobalModel):
    """How many messages to channels of a kind ended so, ever: also those whose rows are gone."""

    channel_kind = models.CharField(max_length=16, choices=ChannelKind.choices, editable=False)
    outcome = models.CharField(max_length=16, choices=DeliveryState.choices, editable=False)
    messages = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("count of deliveries")
        verbose_name_plural = _("counts of deliveries")
        constraints = (
            models.UniqueConstraint(fields=("channel_kind", "outcome"), name="delivery_total_once"),
        )

    def __str__(self) -> str:
        return f"{self.channel_kind} {self.outcome}: {self.messages}"
