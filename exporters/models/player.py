"""Players, the MACs that were typed for them, and how a player came to be known."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from exporters.addresses import LONGEST
from platforms.scoping import ScopedQuerySet, TenantModel

from .exporter import Exporter


class PlayerSource(models.TextChoices):
    """How a player came to be known."""

    TYPED = "typed", _("typed in")
    DISCOVERED = "discovered", _("discovered")


class PlayerQuerySet(ScopedQuerySet):
    """Players by whether they still count."""

    def enrolled(self) -> "PlayerQuerySet":
        """Keep the players that are watched now: retired ones stay for their history alone."""
        return self.filter(retired_at=None)


def _kept(longest: int) -> Any:
    """Return a column of what the rounds keep; the database fills it in for those who insert."""
    return models.CharField(max_length=longest, default="", db_default="", editable=False)


class Player(TenantModel):
    """A monitored screen player: what every later part refers to.

    ``identity`` is the value of the kind's identity label (``mac`` or ``device_id``).
    ``unlisted_since``: when a discovered one was first missing from the vendor's whole list.
    ``told_ip`` and ``told_outip`` are what the vendor told last, whatever it is; the places are
    those of the addresses that count (`exporters.addresses`), "" for none.
    """

    platform = models.ForeignKey(
        "platforms.Platform",
        on_delete=models.PROTECT,
        related_name="players",
        verbose_name=_("platform"),
    )
    exporter = models.ForeignKey(
        Exporter, on_delete=models.CASCADE, related_name="players", verbose_name=_("exporter")
    )
    identity = models.CharField(_("identity"), max_length=128)
    name = models.CharField(_("name"), max_length=255, blank=True)
    site = models.ForeignKey(
        "platforms.Site",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="players",
        verbose_name=_("site"),
    )
    source = models.CharField(
        _("source"), max_length=16, choices=PlayerSource.choices, editable=False
    )
    first_seen = models.DateTimeField(_("first seen"), null=True, editable=False)
    last_seen = models.DateTimeField(_("last seen"), null=True, editable=False)
    unlisted_since = models.DateTimeField(_("not listed since"), null=True, editable=False)
    retired_at = models.DateTimeField(_("retired"), null=True, editable=False)
    told_ip = _kept(LONGEST)
    told_outip = _kept(LONGEST)
    ip_place = _kept(33)
    outip_place = _kept(33)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: ClassVar = PlayerQuerySet.as_manager()

    class Meta:
        verbose_name = _("player")
        verbose_name_plural = _("players")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("exporter", "identity"), name="player_once_an_exporter"
            ),
        )
        indexes = (
            models.Index(
                fields=("platform", "name", "id"),
                name="player_page",
                condition=models.Q(retired_at=None),
            ),
            models.Index(fields=("platform", "identity"), name="player_by_identity"),
            models.Index(
                fields=("name", "id"),
                name="player_page_of_all",
                condition=models.Q(retired_at=None),
            ),
            *(
                models.Index(
                    fields=(*of, f"{name}_place"),
                    name=f"player_by_{name}{suffix}",
                    condition=models.Q(retired_at=None),
                )
                for name in ("ip", "outip")
                for of, suffix in ((("platform",), ""), ((), "_of_all"))
            ),
        )

    def __str__(self) -> str:
        return self.name or self.identity


class ExporterMac(TenantModel):
    """A MAC that an exporter asks the vendor for, in the normal form ``06:42:40:92:60:B4``."""

    platform = models.ForeignKey(
        "platforms.Platform",
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("platform"),
    )
    exporter = models.ForeignKey(
        Exporter, on_delete=models.CASCADE, related_name="macs", verbose_name=_("exporter")
    )
    player = models.OneToOneField(
        Player, on_delete=models.CASCADE, related_name="mac", verbose_name=_("player")
    )
    mac = models.CharField(_("MAC"), max_length=17)
    name = models.CharField(_("name"), max_length=255, blank=True)
    ip = models.GenericIPAddressField(_("IP"), null=True, blank=True)
    outip = models.GenericIPAddressField(_("outside IP"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("MAC address")
        verbose_name_plural = _("MAC addresses")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("exporter", "mac"),
                name="mac_once_an_exporter",
                violation_error_message=_("This exporter already has this MAC."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.mac} {self.name}".strip()
