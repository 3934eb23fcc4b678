"""Tables of observation: exporters, the MACs they ask for, the players, the exporter processes."""

import time
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from exporters.kinds import KINDS
from platforms.scoping import GlobalModel, ScopedQuerySet, TenantModel
from platforms.secrets import EncryptedField, SecretRow


def kind_choices() -> list[tuple[str, str]]:
    """Return the registered exporter kinds for a form."""
    return [(kind.name, kind.title) for kind in KINDS.values()]


def version_now() -> int:
    """Return a list version that no earlier one reaches, in milliseconds.

    By the clock, so that a database restored from a backup never gives a version out again.
    """
    return time.time_ns() // 1_000_000


class Exporter(TenantModel):
    """One vendor account of a platform that an exporter process polls.

    Empty settings mean: the default of the exporter process. ``list_version`` grows with every
    write to its MACs or to itself, in the same transaction: the device list's ETag is made of it.
    """

    platform = models.ForeignKey(
        "platforms.Platform",
        on_delete=models.PROTECT,
        related_name="exporters",
        verbose_name=_("platform"),
    )
    kind = models.CharField(_("kind"), max_length=32, choices=kind_choices)
    name = models.CharField(_("name"), max_length=120)
    enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("A disabled exporter asks the vendor nothing.")
    )
    poll_interval = models.PositiveIntegerField(
        _("poll interval, s"),
        null=True,
        blank=True,
        validators=(MinValueValidator(1), MaxValueValidator(86400)),
        help_text=_("Seconds between two polls. Empty: 30."),
    )
    timeout = models.PositiveIntegerField(
        _("timeout, s"),
        null=True,
        blank=True,
        validators=(MinValueValidator(1), MaxValueValidator(300)),
        help_text=_("Longest time for one answer of the vendor. Empty: 10."),
    )
    max_concurrency = models.PositiveIntegerField(
        _("concurrency"),
        null=True,
        blank=True,
        validators=(MinValueValidator(1), MaxValueValidator(1000)),
        help_text=_("Requests under way at once. Empty: 50."),
    )
    list_version = models.BigIntegerField(default=version_now, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("exporter")
        verbose_name_plural = _("exporters")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("platform", "name"),
                name="exporter_name_once_a_platform",
                violation_error_message=_("This platform already has an exporter with this name."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    def bump(self) -> None:
        """Make every cached device list that holds this exporter outdated."""
        Exporter.objects.filter(pk=self.pk).update(
            list_version=Greatest(models.F("list_version") + 1, version_now())
        )

    def take_version(self) -> None:
        """Lock the row and take its next list version; save() in the same transaction keeps it.

        A save without it would write the version back that was read, and undo bumps made since.
        """
        versions = Exporter.objects.select_for_update().values_list("list_version", flat=True)
        self.list_version = max(versions.get(pk=self.pk) + 1, version_now())


class PlayerSource(models.TextChoices):
    """How a player came to be known."""

    TYPED = "typed", _("typed in")
    DISCOVERED = "discovered", _("discovered")


class PlayerQuerySet(ScopedQuerySet):
    """Players by whether they still count."""

    def enrolled(self) -> "PlayerQuerySet":
        """Keep the players that are watched now: retired ones stay for their history alone."""
        return self.filter(retired_at=None)


class Player(TenantModel):
    """A monitored screen player: what every later part refers to.

    ``identity`` is the value of the kind's identity label (``mac`` or ``device_id``).
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
    retired_at = models.DateTimeField(_("retired"), null=True, editable=False)
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


class ExporterProcess(GlobalModel):
    """A running exporter that Prometheus shall scrape: announced by itself or pinned by hand.

    It stays listed while it is dead, so that its ``up`` is 0 and not absent.
    """

    kind = models.CharField(_("kind"), max_length=32, choices=kind_choices)
    instance = models.CharField(
        _("instance"), max_length=63, help_text=_("Stable name; becomes the instance label.")
    )
    address = models.CharField(_("address"), max_length=300, help_text=_("host:port"))
    pinned = models.BooleanField(
        _("pinned"), default=False, help_text=_("An announcement does not change a pinned address.")
    )
    token = models.ForeignKey(
        "platforms.ApiToken",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("token"),
    )
    version = models.CharField(_("version"), max_length=32, blank=True, editable=False)
    announced_at = models.DateTimeField(_("last announced"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("exporter process")
        verbose_name_plural = _("exporter processes")
        ordering = ("kind", "instance")
        constraints = (
            models.UniqueConstraint(fields=("kind", "instance"), name="process_once_an_instance"),
        )

    def __str__(self) -> str:
        return f"{self.kind}/{self.instance}"


class Authentication(models.TextChoices):
    """How Remosa proves itself to Prometheus."""

    NONE = "none", _("none")
    BASIC = "basic", _("name and password")
    BEARER = "bearer", _("bearer token")


class PrometheusConnection(SecretRow, GlobalModel):
    """Where the metrics are read; one row for the installation."""

    # Not a URLField: that refuses names without a dot, such as http://prometheus:9090.
    url = models.CharField(_("address"), max_length=500)
    authentication = models.CharField(
        _("authentication"),
        max_length=8,
        choices=Authentication.choices,
        default=Authentication.NONE,
    )
    username = models.CharField(_("user name"), max_length=255, blank=True)
    secret = EncryptedField(_("password or token"), blank=True, default="")
    verify_tls = models.BooleanField(_("check the TLS certificate"), default=True)
    ca_certificate = models.TextField(
        _("CA certificate"),
        blank=True,
        help_text=_("PEM text of a private authority; empty: the system's authorities."),
    )
    timeout = models.PositiveIntegerField(
        _("timeout, s"),
        default=10,
        validators=(MinValueValidator(1), MaxValueValidator(120)),
    )

    class Meta:
        verbose_name = _("Prometheus connection")
        verbose_name_plural = _("Prometheus connection")
        constraints = (
            models.CheckConstraint(name="one_prometheus_connection", condition=models.Q(pk=1)),
        )

    def __str__(self) -> str:
        return self.url
