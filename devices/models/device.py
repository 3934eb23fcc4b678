"""Sockets, their switched lines, the players on the lines, and who may command them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from platforms.scoping import ScopedQuerySet, TenantModel

from .device_model import DeviceModel
from .gateway import SmsGateway


class DeviceQuerySet(ScopedQuerySet):
    """Sockets by whether they still count."""

    def in_use(self) -> "DeviceQuerySet":
        """Keep those that were not taken out; the others stay for their history alone."""
        return self.filter(retired_at=None)


class Device(TenantModel):
    """A power socket with a SIM card. Its phone belongs to one socket in use, of all platforms."""

    model = models.ForeignKey(
        DeviceModel, on_delete=models.PROTECT, related_name="devices", verbose_name=_("model")
    )
    name = models.CharField(_("name"), max_length=120)
    phone = models.CharField(_("phone"), max_length=16)  # +E.164
    site = models.ForeignKey(
        "platforms.Site",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("site"),
    )
    gateway = models.ForeignKey(
        SmsGateway,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("gateway"),
        help_text=_("Empty: the platform's own one, else the shared one."),
    )
    notes = models.TextField(_("notes"), blank=True)
    enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("A disabled socket is not commanded.")
    )
    reset_only = models.BooleanField(
        _("reset only"),
        default=False,
        help_text=_("Nobody can switch it off: only commands that bring the power back are sent."),
    )
    #: Since when the socket has told that its mains are gone.
    mains_lost_at = models.DateTimeField(_("mains lost"), null=True, editable=False)
    heard_at = models.DateTimeField(_("last heard of"), null=True, editable=False)
    #: In the socket's own unit.
    gsm_level = models.PositiveSmallIntegerField(_("GSM signal"), null=True, editable=False)
    gsm_level_at = models.DateTimeField(_("GSM signal told"), null=True, editable=False)
    #: When the schedule of status queries last had its turn with it.
    asked_at = models.DateTimeField(_("last asked"), null=True, editable=False)
    #: When every step of its commissioning had passed; a new SIM begins it anew.
    commissioned_at = models.DateTimeField(_("commissioned"), null=True, editable=False)
    successor = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="predecessors",
        verbose_name=_("replaced by"),
    )
    retired_at = models.DateTimeField(_("retired"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: ClassVar = DeviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("socket")
        verbose_name_plural = _("sockets")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("phone",),
                condition=models.Q(retired_at=None),
                name="phone_once_in_use",
                # The same words whoever has it: a tenant learns nothing of the others.
                violation_error_message=_("This phone number cannot be used."),
            ),
        )
        indexes = (models.Index(fields=("platform", "name", "id"), name="device_page"),)

    def __str__(self) -> str:
        return self.name


class DeviceLine(TenantModel):
    """One switched output of a socket, and what the socket last told of it."""

    device = models.ForeignKey(
        Device, on_delete=models.CASCADE, related_name="lines", verbose_name=_("socket")
    )
    number = models.PositiveSmallIntegerField(_("line"))
    name = models.CharField(_("name"), max_length=120, blank=True)
    is_on = models.BooleanField(_("on"), null=True, editable=False)
    told_at = models.DateTimeField(_("told"), null=True, editable=False)

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        ordering = ("device", "number")
        constraints = (
            models.UniqueConstraint(fields=("device", "number"), name="line_once_a_device"),
        )

    def __str__(self) -> str:
        return f"{self.device} · {self.number}"


class Binding(TenantModel):
    """A player is fed by a line, from then till then; one line at a time."""

    player = models.ForeignKey(
        "exporters.Player",
        on_delete=models.CASCADE,
        related_name="bindings",
        verbose_name=_("player"),
    )
    line = models.ForeignKey(
        DeviceLine, on_delete=models.CASCADE, related_name="bindings", verbose_name=_("line")
    )
    since = models.DateTimeField(_("since"), auto_now_add=True)
    ended_at = models.DateTimeField(_("until"), null=True, editable=False)

    class Meta:
        verbose_name = _("binding")
        verbose_name_plural = _("bindings")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("player",),
                condition=models.Q(ended_at=None),
                name="player_on_one_line",
                violation_error_message=_("This player hangs on another line already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.player} ← {self.line}"


class Assignment(TenantModel):
    """A member who is only a user may command this socket."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("account"),
    )
    device = models.ForeignKey(
        Device, on_delete=models.CASCADE, related_name="assignments", verbose_name=_("socket")
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        ordering = ("device", "user")
        constraints = (models.UniqueConstraint(fields=("user", "device"), name="assignment_once"),)

    def __str__(self) -> str:
        return f"{self.user} → {self.device}"
