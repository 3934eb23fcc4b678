"""SMS gateways: how a text comes to a phone."""

import json
from typing import ClassVar, Self

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.gateways.shape import Account
from platforms.roles import Deed
from platforms.scoping import Principal, SharedModel, SharedQuerySet
from platforms.secrets import EncryptedField, SecretRow


class SmsGatewayQuerySet(SharedQuerySet):
    """Gateways, shared ones and those of a platform: superadmins' business, all of them."""

    def for_user(self, user: Principal, deed: Deed = Deed.OWN) -> Self:
        """Keep everything for a superadmin, nothing for others, whatever the deed."""
        return self.all() if user.reaches_every_platform(Deed.OWN) else self.none()


class SmsGateway(SecretRow, SharedModel):
    """An account at a gateway. Settings and ``secrets`` (the text of a JSON object) by name."""

    name = models.CharField(_("name"), max_length=120)
    driver = models.CharField(_("driver"), max_length=32)
    address = models.CharField(_("address"), max_length=500, blank=True)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    secret = EncryptedField(_("secret"), blank=True, default="")
    secrets = EncryptedField(_("secrets"), blank=True, default="")
    phone = models.CharField(
        _("its own phone number"),
        max_length=16,
        blank=True,
        help_text=_("Of its SIM card, as +79123456789: the number that sockets are to obey."),
    )
    region = models.CharField(
        _("country of bare numbers"),
        max_length=2,
        blank=True,
        help_text=_("As in RU: where senders without a country's code belong."),
    )
    per_minute = models.PositiveSmallIntegerField(
        _("messages a minute"),
        null=True,
        blank=True,
        validators=(MinValueValidator(1),),
        help_text=_("What is more than that waits. Empty: no limit."),
    )
    at_once = models.PositiveSmallIntegerField(
        _("requests at once"),
        null=True,
        blank=True,
        default=1,
        validators=(MinValueValidator(1),),
        help_text=_("A gateway that hangs holds up so many senders at most. Empty: no limit."),
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: ClassVar = SmsGatewayQuerySet.as_manager()

    class Meta:
        verbose_name = _("SMS gateway")
        verbose_name_plural = _("SMS gateways")
        ordering = ("name", "pk")

    def __str__(self) -> str:
        return self.name

    def account(self) -> Account:
        """Return what a driver is told, secrets in plain text; raise KeyRingError."""
        secrets = json.loads(self.secrets.reveal() or "{}")
        return Account(self.address, self.secret.reveal(), {**self.settings, **secrets})
